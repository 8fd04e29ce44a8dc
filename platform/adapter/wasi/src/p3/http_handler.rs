//! `whorl:adapter/http-handler`: how the driver of a lowered component gets a request and gives the response.

use super::bindings::exports::whorl::adapter::http_handler::{
    ErrorCode, Guest, HttpRequest, Response as Handle,
};
use super::conversions::error_from_guest;
use super::outgoing;
use super::requests::Request;
use super::responses::Response;
use super::runtime::checked;
use crate::bindings::Adapter;
use crate::bindings::whorl::host::http_server;
use crate::exchange;
use crate::http_types::incoming_requests;
use async_runtime::TaskId;
use core::cell::RefCell;

thread_local! {
    /// The tasks that have not returned, with the generation of the exchange that each serves.
    static SERVED: RefCell<Vec<(TaskId, u32)>> = const { RefCell::new(Vec::new()) };
}

impl Guest for Adapter {
    fn request() -> HttpRequest {
        let (head, bytes) = incoming_requests::begin(http_server::request());
        let task = checked(|runtime| runtime.task_begin());
        SERVED.with_borrow_mut(|served| served.push((task, exchange::generation())));
        Request::arrived(head, bytes)
    }

    fn task_return(response: Result<Handle, ErrorCode>) {
        let task = checked(|runtime| {
            runtime.task_return()?;
            Ok(runtime.current())
        });
        let generation = SERVED.with_borrow_mut(|served| {
            let at = served.iter().position(|(each, _)| Some(*each) == task)?;
            Some(served.swap_remove(at).1)
        });
        if !generation.is_some_and(exchange::is_current) {
            return;
        }
        match response {
            Ok(response) => {
                let (status, fields, body) = response.into_inner::<Response>().into_parts();
                outgoing::respond(status, fields, body);
            }
            Err(code) => exchange::fail(&error_from_guest(code)),
        }
    }
}
