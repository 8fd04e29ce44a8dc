//! `whorl:adapter/bridge`: how the driver gets a request to the guest's handler and its response to the host;
//! `whorl:adapter/calls`: how callers, which have no requests, end a call.

use crate::bindings::Adapter;
use crate::bindings::exports::whorl::adapter::bridge::{Guest, IncomingRequest, ResponseOutparam};
use crate::bindings::exports::whorl::adapter::calls;
use crate::bindings::whorl::host::http_server;
use crate::exchange;
use crate::http_types::{incoming_requests, responses};

impl Guest for Adapter {
    fn request() -> IncomingRequest {
        incoming_requests::IncomingRequest::begin(http_server::request())
    }

    fn outparam() -> ResponseOutparam {
        responses::ResponseOutparam::handle()
    }

    fn done() {
        exchange::end();
    }
}

impl calls::Guest for Adapter {
    fn returned() {
        exchange::before_waiting();
    }
}
