//! `wasi:sockets`: the network, which refuses everything as yet: no socket can be made, no name be resolved.

use super::bindings::exports::wasi::sockets::{ip_name_lookup, types};
use super::subtasks;
use crate::bindings::Adapter;
use crate::sockets_tcp::TcpSocket;
use crate::sockets_udp::UdpSocket;
use crate::traps::trap;

fn none() -> ! {
    trap("there are no sockets, nor anything that they were asked for")
}

impl types::Guest for Adapter {
    type TcpSocket = TcpSocket;
    type UdpSocket = UdpSocket;

    fn tcp_socket_connect_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn tcp_socket_connect_spread(
        _args: Vec<(types::TcpSocketBorrow<'_>, types::IpSocketAddress)>,
    ) -> u32 {
        none()
    }

    fn udp_socket_send_result(_number: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn udp_socket_send_spread(
        _args: Vec<(
            types::UdpSocketBorrow<'_>,
            Vec<u8>,
            Option<types::IpSocketAddress>,
        )>,
    ) -> u32 {
        none()
    }

    fn udp_socket_receive_result(
        _number: u32,
    ) -> Vec<Result<(Vec<u8>, types::IpSocketAddress), types::ErrorCode>> {
        none()
    }

    fn take_tcp_socket(_end: u32, _count: u32) -> Vec<types::TcpSocket> {
        none()
    }

    fn put_tcp_socket(_end: u32, _values: Vec<types::TcpSocket>) {
        none()
    }

    fn take_result_none_error_code(_end: u32, _count: u32) -> Vec<Result<(), types::ErrorCode>> {
        none()
    }

    fn put_result_none_error_code(_end: u32, _values: Vec<Result<(), types::ErrorCode>>) {
        none()
    }
}

impl types::GuestTcpSocket for TcpSocket {
    fn create(
        _address_family: types::IpAddressFamily,
    ) -> Result<types::TcpSocket, types::ErrorCode> {
        Err(types::ErrorCode::AccessDenied)
    }

    fn bind(&self, _local_address: types::IpSocketAddress) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn connect(&self, _remote_address: types::IpSocketAddress) -> u32 {
        match *self {}
    }

    fn listen(&self) -> Result<u32, types::ErrorCode> {
        match *self {}
    }

    fn send(&self, _data: u32) -> u32 {
        match *self {}
    }

    fn receive(&self) -> (u32, u32) {
        match *self {}
    }

    fn get_local_address(&self) -> Result<types::IpSocketAddress, types::ErrorCode> {
        match *self {}
    }

    fn get_remote_address(&self) -> Result<types::IpSocketAddress, types::ErrorCode> {
        match *self {}
    }

    fn get_is_listening(&self) -> bool {
        match *self {}
    }

    fn get_address_family(&self) -> types::IpAddressFamily {
        match *self {}
    }

    fn set_listen_backlog_size(&self, _value: u64) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn get_keep_alive_enabled(&self) -> Result<bool, types::ErrorCode> {
        match *self {}
    }

    fn set_keep_alive_enabled(&self, _value: bool) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn get_keep_alive_idle_time(&self) -> Result<types::Duration, types::ErrorCode> {
        match *self {}
    }

    fn set_keep_alive_idle_time(&self, _value: types::Duration) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn get_keep_alive_interval(&self) -> Result<types::Duration, types::ErrorCode> {
        match *self {}
    }

    fn set_keep_alive_interval(&self, _value: types::Duration) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn get_keep_alive_count(&self) -> Result<u32, types::ErrorCode> {
        match *self {}
    }

    fn set_keep_alive_count(&self, _value: u32) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn get_hop_limit(&self) -> Result<u8, types::ErrorCode> {
        match *self {}
    }

    fn set_hop_limit(&self, _value: u8) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn get_receive_buffer_size(&self) -> Result<u64, types::ErrorCode> {
        match *self {}
    }

    fn set_receive_buffer_size(&self, _value: u64) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn get_send_buffer_size(&self) -> Result<u64, types::ErrorCode> {
        match *self {}
    }

    fn set_send_buffer_size(&self, _value: u64) -> Result<(), types::ErrorCode> {
        match *self {}
    }
}

impl types::GuestUdpSocket for UdpSocket {
    fn create(
        _address_family: types::IpAddressFamily,
    ) -> Result<types::UdpSocket, types::ErrorCode> {
        Err(types::ErrorCode::AccessDenied)
    }

    fn bind(&self, _local_address: types::IpSocketAddress) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn connect(&self, _remote_address: types::IpSocketAddress) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn disconnect(&self) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn send(&self, _data: Vec<u8>, _remote_address: Option<types::IpSocketAddress>) -> u32 {
        match *self {}
    }

    fn receive(&self) -> u32 {
        match *self {}
    }

    fn get_local_address(&self) -> Result<types::IpSocketAddress, types::ErrorCode> {
        match *self {}
    }

    fn get_remote_address(&self) -> Result<types::IpSocketAddress, types::ErrorCode> {
        match *self {}
    }

    fn get_address_family(&self) -> types::IpAddressFamily {
        match *self {}
    }

    fn get_unicast_hop_limit(&self) -> Result<u8, types::ErrorCode> {
        match *self {}
    }

    fn set_unicast_hop_limit(&self, _value: u8) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn get_receive_buffer_size(&self) -> Result<u64, types::ErrorCode> {
        match *self {}
    }

    fn set_receive_buffer_size(&self, _value: u64) -> Result<(), types::ErrorCode> {
        match *self {}
    }

    fn get_send_buffer_size(&self) -> Result<u64, types::ErrorCode> {
        match *self {}
    }

    fn set_send_buffer_size(&self, _value: u64) -> Result<(), types::ErrorCode> {
        match *self {}
    }
}

impl ip_name_lookup::Guest for Adapter {
    fn resolve_addresses(_name: String) -> u32 {
        subtasks::RETURNED | REFUSED << subtasks::NUMBER
    }

    fn resolve_addresses_result(
        number: u32,
    ) -> Vec<Result<Vec<ip_name_lookup::IpAddress>, ip_name_lookup::ErrorCode>> {
        if number != REFUSED {
            trap("no result of `resolve-addresses` waits under this number");
        }
        vec![Err(ip_name_lookup::ErrorCode::PermanentResolverFailure)]
    }
}

/// What every lookup comes to waits under this number.
const REFUSED: u32 = 1;
