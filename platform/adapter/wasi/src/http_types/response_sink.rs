//! Where the body of the response goes: the head that is sent with it, and the host's `http-server`.

use super::fields::FieldList;
use crate::bindings::whorl::host::http_server;
use crate::buffers::{PackedBody, append_decimal};
use crate::{exchange, shared_memory};
use core::cell::{Cell, RefCell};

/// The task that is ready when the client keeps up.
const SINK_TASK: u32 = 2;
const NOT_MODIFIED: u16 = 304;

/// Status and fields as the host reads them.
pub fn head_text(status: u16, fields: &FieldList) -> String {
    let mut head = Vec::with_capacity(8 + fields.lines_len());
    append_head(&mut head, status, fields);
    packing::to_head(head)
}

fn append_head(out: &mut Vec<u8>, status: u16, fields: &FieldList) {
    append_decimal(out, status.into());
    out.push(b'\r');
    fields.append_lines(out);
}

/// The response that the guest has set, on its way to the host.
pub struct ResponseSink {
    generation: u32,
    status: u16,
    /// The fields, as long as the head has not been sent.
    unsent: RefCell<Option<FieldList>>,
    is_over: Cell<bool>,
}

impl ResponseSink {
    /// A response to the request that is served now.
    pub fn new(status: u16, fields: FieldList) -> Self {
        Self {
            generation: exchange::generation(),
            status,
            unsent: RefCell::new(Some(fields)),
            is_over: Cell::new(false),
        }
    }

    /// The task that tells when another chunk is welcome.
    pub fn task(&self) -> u32 {
        SINK_TASK
    }

    /// Whether the exchange is over.
    pub fn is_cut_off(&self) -> bool {
        self.is_over.get() || !exchange::is_current(self.generation)
    }

    /// Whether the head has been sent.
    pub fn is_streaming(&self) -> bool {
        self.unsent.borrow().is_none()
    }

    /// Whether the body may be empty though `content-length` says otherwise.
    pub fn may_be_left_out(&self) -> bool {
        self.status == NOT_MODIFIED || exchange::is_head_request()
    }

    /// Sends the head, if that has not been done, and `bytes`; tells whether the host wants no more for now.
    pub fn push(&self, bytes: &[u8]) -> bool {
        if let Some(fields) = self.unsent.take() {
            http_server::respond_head(&head_text(self.status, &fields));
        }
        if let Some((address, size)) = shared_memory::place_of(bytes) {
            return http_server::respond_chunk_from(address, size);
        }
        !bytes.is_empty() && http_server::respond_chunk(&packing::pack(bytes))
    }

    /// Sends what is left and the end: all in one call if nothing has been sent and there are no trailers.
    pub fn complete(&self, bytes: &[u8], trailers: Option<&FieldList>) {
        if trailers.is_none()
            && let Some(fields) = self.unsent.take()
        {
            match shared_memory::place_of(bytes) {
                Some((address, size)) => {
                    http_server::respond_from(&head_text(self.status, &fields), address, size);
                }
                None => http_server::respond(&self.whole(bytes, &fields)),
            }
        } else {
            self.push(bytes);
            let mut lines = Vec::new();
            if let Some(trailers) = trailers {
                trailers.append_lines(&mut lines);
            }
            http_server::respond_end(&packing::to_head(lines));
        }
        self.is_over.set(true);
    }

    /// Reports that the response is broken off, for the reason that `code` names.
    pub fn fail(&self, code: &str) {
        if !self.is_cut_off() {
            http_server::respond_fail(code);
            self.is_over.set(true);
        }
    }

    fn whole(&self, body: &[u8], fields: &FieldList) -> String {
        let body = PackedBody::new(body);
        let mut head = Vec::with_capacity(8 + fields.lines_len() + body.len());
        head.push(if body.is_raw() {
            packing::RAW
        } else {
            packing::BASE64
        });
        append_head(&mut head, self.status, fields);
        head.push(b'\r');
        let mut text = packing::to_head(head);
        body.append_to(&mut text);
        text
    }
}
