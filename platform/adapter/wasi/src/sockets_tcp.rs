//! `wasi:sockets/tcp`: no socket can be made, so none of its methods can be called.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::sockets::tcp;

/// A socket: none can be made.
pub enum TcpSocket {}

impl tcp::Guest for Adapter {
    type TcpSocket = TcpSocket;
}

impl tcp::GuestTcpSocket for TcpSocket {
    fn start_bind(
        &self,
        _network: tcp::NetworkBorrow<'_>,
        _local_address: tcp::IpSocketAddress,
    ) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn finish_bind(&self) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn start_connect(
        &self,
        _network: tcp::NetworkBorrow<'_>,
        _remote_address: tcp::IpSocketAddress,
    ) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn finish_connect(&self) -> Result<(tcp::InputStream, tcp::OutputStream), tcp::ErrorCode> {
        match *self {}
    }

    fn start_listen(&self) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn finish_listen(&self) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn accept(
        &self,
    ) -> Result<(tcp::TcpSocket, tcp::InputStream, tcp::OutputStream), tcp::ErrorCode> {
        match *self {}
    }

    fn local_address(&self) -> Result<tcp::IpSocketAddress, tcp::ErrorCode> {
        match *self {}
    }

    fn remote_address(&self) -> Result<tcp::IpSocketAddress, tcp::ErrorCode> {
        match *self {}
    }

    fn is_listening(&self) -> bool {
        match *self {}
    }

    fn address_family(&self) -> tcp::IpAddressFamily {
        match *self {}
    }

    fn set_listen_backlog_size(&self, _value: u64) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn keep_alive_enabled(&self) -> Result<bool, tcp::ErrorCode> {
        match *self {}
    }

    fn set_keep_alive_enabled(&self, _value: bool) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn keep_alive_idle_time(&self) -> Result<tcp::Duration, tcp::ErrorCode> {
        match *self {}
    }

    fn set_keep_alive_idle_time(&self, _value: tcp::Duration) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn keep_alive_interval(&self) -> Result<tcp::Duration, tcp::ErrorCode> {
        match *self {}
    }

    fn set_keep_alive_interval(&self, _value: tcp::Duration) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn keep_alive_count(&self) -> Result<u32, tcp::ErrorCode> {
        match *self {}
    }

    fn set_keep_alive_count(&self, _value: u32) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn hop_limit(&self) -> Result<u8, tcp::ErrorCode> {
        match *self {}
    }

    fn set_hop_limit(&self, _value: u8) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn receive_buffer_size(&self) -> Result<u64, tcp::ErrorCode> {
        match *self {}
    }

    fn set_receive_buffer_size(&self, _value: u64) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn send_buffer_size(&self) -> Result<u64, tcp::ErrorCode> {
        match *self {}
    }

    fn set_send_buffer_size(&self, _value: u64) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }

    fn subscribe(&self) -> tcp::Pollable {
        match *self {}
    }

    fn shutdown(&self, _shutdown_type: tcp::ShutdownType) -> Result<(), tcp::ErrorCode> {
        match *self {}
    }
}
