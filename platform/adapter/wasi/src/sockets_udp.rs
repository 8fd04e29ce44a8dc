//! `wasi:sockets/udp`: no socket can be made, so none of its methods can be called.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::sockets::udp;

/// A socket: none can be made.
pub enum UdpSocket {}

/// What arrives at a socket: none can be made.
pub enum IncomingDatagramStream {}

/// What leaves a socket: none can be made.
pub enum OutgoingDatagramStream {}

impl udp::Guest for Adapter {
    type UdpSocket = UdpSocket;
    type IncomingDatagramStream = IncomingDatagramStream;
    type OutgoingDatagramStream = OutgoingDatagramStream;
}

impl udp::GuestUdpSocket for UdpSocket {
    fn start_bind(
        &self,
        _network: udp::NetworkBorrow<'_>,
        _local_address: udp::IpSocketAddress,
    ) -> Result<(), udp::ErrorCode> {
        match *self {}
    }

    fn finish_bind(&self) -> Result<(), udp::ErrorCode> {
        match *self {}
    }

    fn stream(
        &self,
        _remote_address: Option<udp::IpSocketAddress>,
    ) -> Result<(udp::IncomingDatagramStream, udp::OutgoingDatagramStream), udp::ErrorCode> {
        match *self {}
    }

    fn local_address(&self) -> Result<udp::IpSocketAddress, udp::ErrorCode> {
        match *self {}
    }

    fn remote_address(&self) -> Result<udp::IpSocketAddress, udp::ErrorCode> {
        match *self {}
    }

    fn address_family(&self) -> udp::IpAddressFamily {
        match *self {}
    }

    fn unicast_hop_limit(&self) -> Result<u8, udp::ErrorCode> {
        match *self {}
    }

    fn set_unicast_hop_limit(&self, _value: u8) -> Result<(), udp::ErrorCode> {
        match *self {}
    }

    fn receive_buffer_size(&self) -> Result<u64, udp::ErrorCode> {
        match *self {}
    }

    fn set_receive_buffer_size(&self, _value: u64) -> Result<(), udp::ErrorCode> {
        match *self {}
    }

    fn send_buffer_size(&self) -> Result<u64, udp::ErrorCode> {
        match *self {}
    }

    fn set_send_buffer_size(&self, _value: u64) -> Result<(), udp::ErrorCode> {
        match *self {}
    }

    fn subscribe(&self) -> udp::Pollable {
        match *self {}
    }
}

impl udp::GuestIncomingDatagramStream for IncomingDatagramStream {
    fn receive(&self, _max_results: u64) -> Result<Vec<udp::IncomingDatagram>, udp::ErrorCode> {
        match *self {}
    }

    fn subscribe(&self) -> udp::Pollable {
        match *self {}
    }
}

impl udp::GuestOutgoingDatagramStream for OutgoingDatagramStream {
    fn check_send(&self) -> Result<u64, udp::ErrorCode> {
        match *self {}
    }

    fn send(&self, _datagrams: Vec<udp::OutgoingDatagram>) -> Result<u64, udp::ErrorCode> {
        match *self {}
    }

    fn subscribe(&self) -> udp::Pollable {
        match *self {}
    }
}
