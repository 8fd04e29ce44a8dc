//! The types of `wasi:http/types@0.3.0` that are those of 0.2 by another name, both ways.

use super::bindings::exports::wasi::http::types as new;
use crate::bindings::exports::wasi::http::types as old;
use crate::http_types::fields::Refusal;

macro_rules! convert_methods {
    ($name:ident, $from:ident, $to:ident) => {
        /// Converts a method.
        pub fn $name(method: $from::Method) -> $to::Method {
            match method {
                $from::Method::Get => $to::Method::Get,
                $from::Method::Head => $to::Method::Head,
                $from::Method::Post => $to::Method::Post,
                $from::Method::Put => $to::Method::Put,
                $from::Method::Delete => $to::Method::Delete,
                $from::Method::Connect => $to::Method::Connect,
                $from::Method::Options => $to::Method::Options,
                $from::Method::Trace => $to::Method::Trace,
                $from::Method::Patch => $to::Method::Patch,
                $from::Method::Other(name) => $to::Method::Other(name),
            }
        }
    };
}

macro_rules! convert_schemes {
    ($name:ident, $from:ident, $to:ident) => {
        /// Converts a scheme.
        pub fn $name(scheme: $from::Scheme) -> $to::Scheme {
            match scheme {
                $from::Scheme::Http => $to::Scheme::Http,
                $from::Scheme::Https => $to::Scheme::Https,
                $from::Scheme::Other(name) => $to::Scheme::Other(name),
            }
        }
    };
}

macro_rules! convert_errors {
    ($name:ident, $size:ident, $from:ident, $to:ident) => {
        fn $size(size: $from::FieldSizePayload) -> $to::FieldSizePayload {
            $to::FieldSizePayload {
                field_name: size.field_name,
                field_size: size.field_size,
            }
        }

        convert_errors!(@cases $name, $size, $from, $to,
            [DnsTimeout DestinationNotFound DestinationUnavailable DestinationIpProhibited DestinationIpUnroutable
             ConnectionRefused ConnectionTerminated ConnectionTimeout ConnectionReadTimeout ConnectionWriteTimeout
             ConnectionLimitReached TlsProtocolError TlsCertificateError HttpRequestDenied HttpRequestLengthRequired
             HttpRequestMethodInvalid HttpRequestUriInvalid HttpRequestUriTooLong HttpResponseIncomplete
             HttpResponseTimeout HttpUpgradeFailed HttpProtocolError LoopDetected ConfigurationError]
            [HttpRequestBodySize HttpRequestHeaderSectionSize HttpRequestTrailerSectionSize
             HttpResponseHeaderSectionSize HttpResponseBodySize HttpResponseTrailerSectionSize
             HttpResponseTransferCoding HttpResponseContentCoding InternalError]
            [HttpRequestTrailerSize HttpResponseHeaderSize HttpResponseTrailerSize]);
    };
    (@cases $name:ident, $size:ident, $from:ident, $to:ident, [$($plain:ident)*] [$($known:ident)*] [$($sized:ident)*]) => {
        /// Converts an error code.
        pub fn $name(code: $from::ErrorCode) -> $to::ErrorCode {
            match code {
                $($from::ErrorCode::$plain => $to::ErrorCode::$plain,)*
                $($from::ErrorCode::$known(payload) => $to::ErrorCode::$known(payload),)*
                $($from::ErrorCode::$sized(payload) => $to::ErrorCode::$sized($size(payload)),)*
                $from::ErrorCode::HttpRequestHeaderSize(payload) => {
                    $to::ErrorCode::HttpRequestHeaderSize(payload.map($size))
                }
                $from::ErrorCode::DnsError(payload) => $to::ErrorCode::DnsError($to::DnsErrorPayload {
                    rcode: payload.rcode,
                    info_code: payload.info_code,
                }),
                $from::ErrorCode::TlsAlertReceived(payload) => {
                    $to::ErrorCode::TlsAlertReceived($to::TlsAlertReceivedPayload {
                        alert_id: payload.alert_id,
                        alert_message: payload.alert_message,
                    })
                }
            }
        }
    };
}

convert_methods!(method_from_guest, new, old);
convert_methods!(method_to_guest, old, new);
convert_schemes!(scheme_from_guest, new, old);
convert_schemes!(scheme_to_guest, old, new);
convert_errors!(error_from_guest, size_from_guest, new, old);
convert_errors!(error_to_guest, size_to_guest, old, new);

/// Why a list of fields was left as it was.
pub fn refusal_to_guest(refusal: Refusal) -> new::HeaderError {
    match refusal {
        Refusal::Error(old::HeaderError::InvalidSyntax) => new::HeaderError::InvalidSyntax,
        Refusal::Error(old::HeaderError::Forbidden) => new::HeaderError::Forbidden,
        Refusal::Error(old::HeaderError::Immutable) => new::HeaderError::Immutable,
        Refusal::TooLarge => new::HeaderError::SizeExceeded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_types::error_codes;

    #[test]
    fn errors_survive_the_way_there_and_back() {
        for text in [
            "DNS-timeout",
            "DNS-error\nNXDOMAIN\n7",
            "TLS-alert-received\n40\nhandshake",
            "HTTP-request-body-size\n9",
            "HTTP-request-header-size\nx-big\n70000",
            "HTTP-response-trailer-size\nx-big\n70000",
            "internal-error\nit broke",
        ] {
            let code = error_from_guest(error_to_guest(error_codes::parse(text)));
            assert_eq!(error_codes::print(&code), text);
        }
    }
}
