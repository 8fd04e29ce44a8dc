//! `wasi:sockets`: the network, which refuses everything as yet: no socket can be made, no name be resolved.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::sockets::network::ErrorCode;
use crate::bindings::exports::wasi::sockets::{
    instance_network, ip_name_lookup, network, tcp_create_socket, udp_create_socket,
};

/// The network of the instance. There is only one, and it knows nothing.
pub struct Network;

/// The addresses of a name: none can be had.
pub enum ResolveAddressStream {}

impl network::Guest for Adapter {
    type Network = Network;

    fn network_error_code(_error: network::ErrorBorrow<'_>) -> Option<ErrorCode> {
        None
    }
}

impl network::GuestNetwork for Network {}

impl instance_network::Guest for Adapter {
    fn instance_network() -> instance_network::Network {
        instance_network::Network::new(Network)
    }
}

impl tcp_create_socket::Guest for Adapter {
    fn create_tcp_socket(
        _family: tcp_create_socket::IpAddressFamily,
    ) -> Result<tcp_create_socket::TcpSocket, ErrorCode> {
        Err(ErrorCode::AccessDenied)
    }
}

impl udp_create_socket::Guest for Adapter {
    fn create_udp_socket(
        _family: udp_create_socket::IpAddressFamily,
    ) -> Result<udp_create_socket::UdpSocket, ErrorCode> {
        Err(ErrorCode::AccessDenied)
    }
}

impl ip_name_lookup::Guest for Adapter {
    type ResolveAddressStream = ResolveAddressStream;

    fn resolve_addresses(
        _network: ip_name_lookup::NetworkBorrow<'_>,
        _name: String,
    ) -> Result<ip_name_lookup::ResolveAddressStream, ErrorCode> {
        Err(ErrorCode::PermanentResolverFailure)
    }
}

impl ip_name_lookup::GuestResolveAddressStream for ResolveAddressStream {
    fn resolve_next_address(
        &self,
    ) -> Result<Option<ip_name_lookup::IpAddress>, ip_name_lookup::ErrorCode> {
        match *self {}
    }

    fn subscribe(&self) -> ip_name_lookup::Pollable {
        match *self {}
    }
}
