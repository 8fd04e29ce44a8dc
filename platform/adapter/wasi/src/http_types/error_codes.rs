//! `wasi:http/types.error-code` as text, both ways: the case name as the WIT spells it, then for each field of its
//! payload a line feed and the value, empty for `none`.

use crate::bindings::exports::wasi::http::types::{
    DnsErrorPayload, ErrorCode, FieldSizePayload, TlsAlertReceivedPayload,
};

/// Returns `code` as text.
pub fn print(code: &ErrorCode) -> String {
    use ErrorCode as E;
    match code {
        E::DnsTimeout => "DNS-timeout".into(),
        E::DnsError(payload) => lines(
            "DNS-error",
            &[clean(payload.rcode.as_deref()), number(payload.info_code)],
        ),
        E::DestinationNotFound => "destination-not-found".into(),
        E::DestinationUnavailable => "destination-unavailable".into(),
        E::DestinationIpProhibited => "destination-IP-prohibited".into(),
        E::DestinationIpUnroutable => "destination-IP-unroutable".into(),
        E::ConnectionRefused => "connection-refused".into(),
        E::ConnectionTerminated => "connection-terminated".into(),
        E::ConnectionTimeout => "connection-timeout".into(),
        E::ConnectionReadTimeout => "connection-read-timeout".into(),
        E::ConnectionWriteTimeout => "connection-write-timeout".into(),
        E::ConnectionLimitReached => "connection-limit-reached".into(),
        E::TlsProtocolError => "TLS-protocol-error".into(),
        E::TlsCertificateError => "TLS-certificate-error".into(),
        E::TlsAlertReceived(payload) => lines(
            "TLS-alert-received",
            &[
                number(payload.alert_id),
                clean(payload.alert_message.as_deref()),
            ],
        ),
        E::HttpRequestDenied => "HTTP-request-denied".into(),
        E::HttpRequestLengthRequired => "HTTP-request-length-required".into(),
        E::HttpRequestBodySize(size) => lines("HTTP-request-body-size", &[number(*size)]),
        E::HttpRequestMethodInvalid => "HTTP-request-method-invalid".into(),
        E::HttpRequestUriInvalid => "HTTP-request-URI-invalid".into(),
        E::HttpRequestUriTooLong => "HTTP-request-URI-too-long".into(),
        E::HttpRequestHeaderSectionSize(size) => {
            lines("HTTP-request-header-section-size", &[number(*size)])
        }
        E::HttpRequestHeaderSize(payload) => match payload {
            Some(payload) => sized("HTTP-request-header-size", payload),
            None => lines("HTTP-request-header-size", &[String::new(), String::new()]),
        },
        E::HttpRequestTrailerSectionSize(size) => {
            lines("HTTP-request-trailer-section-size", &[number(*size)])
        }
        E::HttpRequestTrailerSize(payload) => sized("HTTP-request-trailer-size", payload),
        E::HttpResponseIncomplete => "HTTP-response-incomplete".into(),
        E::HttpResponseHeaderSectionSize(size) => {
            lines("HTTP-response-header-section-size", &[number(*size)])
        }
        E::HttpResponseHeaderSize(payload) => sized("HTTP-response-header-size", payload),
        E::HttpResponseBodySize(size) => lines("HTTP-response-body-size", &[number(*size)]),
        E::HttpResponseTrailerSectionSize(size) => {
            lines("HTTP-response-trailer-section-size", &[number(*size)])
        }
        E::HttpResponseTrailerSize(payload) => sized("HTTP-response-trailer-size", payload),
        E::HttpResponseTransferCoding(coding) => {
            lines("HTTP-response-transfer-coding", &[clean(coding.as_deref())])
        }
        E::HttpResponseContentCoding(coding) => {
            lines("HTTP-response-content-coding", &[clean(coding.as_deref())])
        }
        E::HttpResponseTimeout => "HTTP-response-timeout".into(),
        E::HttpUpgradeFailed => "HTTP-upgrade-failed".into(),
        E::HttpProtocolError => "HTTP-protocol-error".into(),
        E::LoopDetected => "loop-detected".into(),
        E::ConfigurationError => "configuration-error".into(),
        E::InternalError(text) => lines("internal-error", &[clean(text.as_deref())]),
    }
}

/// Returns the code that `text` names; a name that the table does not hold becomes `internal-error` with the text.
pub fn parse(text: &str) -> ErrorCode {
    use ErrorCode as E;
    let mut rest = text.split('\n');
    let name = rest.next().unwrap_or_default();
    let mut field = || rest.next().filter(|value| !value.is_empty());
    match name {
        "DNS-timeout" => E::DnsTimeout,
        "DNS-error" => E::DnsError(DnsErrorPayload {
            rcode: text_of(field()),
            info_code: number_of(field()),
        }),
        "destination-not-found" => E::DestinationNotFound,
        "destination-unavailable" => E::DestinationUnavailable,
        "destination-IP-prohibited" => E::DestinationIpProhibited,
        "destination-IP-unroutable" => E::DestinationIpUnroutable,
        "connection-refused" => E::ConnectionRefused,
        "connection-terminated" => E::ConnectionTerminated,
        "connection-timeout" => E::ConnectionTimeout,
        "connection-read-timeout" => E::ConnectionReadTimeout,
        "connection-write-timeout" => E::ConnectionWriteTimeout,
        "connection-limit-reached" => E::ConnectionLimitReached,
        "TLS-protocol-error" => E::TlsProtocolError,
        "TLS-certificate-error" => E::TlsCertificateError,
        "TLS-alert-received" => E::TlsAlertReceived(TlsAlertReceivedPayload {
            alert_id: number_of(field()),
            alert_message: text_of(field()),
        }),
        "HTTP-request-denied" => E::HttpRequestDenied,
        "HTTP-request-length-required" => E::HttpRequestLengthRequired,
        "HTTP-request-body-size" => E::HttpRequestBodySize(number_of(field())),
        "HTTP-request-method-invalid" => E::HttpRequestMethodInvalid,
        "HTTP-request-URI-invalid" => E::HttpRequestUriInvalid,
        "HTTP-request-URI-too-long" => E::HttpRequestUriTooLong,
        "HTTP-request-header-section-size" => E::HttpRequestHeaderSectionSize(number_of(field())),
        "HTTP-request-header-size" => {
            let payload = size_of(field(), field());
            let known = payload.field_name.is_some() || payload.field_size.is_some();
            E::HttpRequestHeaderSize(known.then_some(payload))
        }
        "HTTP-request-trailer-section-size" => E::HttpRequestTrailerSectionSize(number_of(field())),
        "HTTP-request-trailer-size" => E::HttpRequestTrailerSize(size_of(field(), field())),
        "HTTP-response-incomplete" => E::HttpResponseIncomplete,
        "HTTP-response-header-section-size" => E::HttpResponseHeaderSectionSize(number_of(field())),
        "HTTP-response-header-size" => E::HttpResponseHeaderSize(size_of(field(), field())),
        "HTTP-response-body-size" => E::HttpResponseBodySize(number_of(field())),
        "HTTP-response-trailer-section-size" => {
            E::HttpResponseTrailerSectionSize(number_of(field()))
        }
        "HTTP-response-trailer-size" => E::HttpResponseTrailerSize(size_of(field(), field())),
        "HTTP-response-transfer-coding" => E::HttpResponseTransferCoding(text_of(field())),
        "HTTP-response-content-coding" => E::HttpResponseContentCoding(text_of(field())),
        "HTTP-response-timeout" => E::HttpResponseTimeout,
        "HTTP-upgrade-failed" => E::HttpUpgradeFailed,
        "HTTP-protocol-error" => E::HttpProtocolError,
        "loop-detected" => E::LoopDetected,
        "configuration-error" => E::ConfigurationError,
        "internal-error" => E::InternalError(text_of(field())),
        _ => E::InternalError(Some(text.to_owned())),
    }
}

fn lines(name: &str, values: &[String]) -> String {
    let mut text = name.to_owned();
    for value in values {
        text.push('\n');
        text.push_str(value);
    }
    text
}

fn sized(name: &str, payload: &FieldSizePayload) -> String {
    lines(
        name,
        &[
            clean(payload.field_name.as_deref()),
            number(payload.field_size),
        ],
    )
}

fn number<N: Into<u64>>(value: Option<N>) -> String {
    value
        .map(|value| value.into().to_string())
        .unwrap_or_default()
}

/// A text as a payload: control characters, which would end the line early, become spaces.
fn clean(text: Option<&str>) -> String {
    text.unwrap_or_default()
        .replace(|char: char| char.is_ascii_control(), " ")
}

fn text_of(field: Option<&str>) -> Option<String> {
    field.map(str::to_owned)
}

fn number_of<N: core::str::FromStr>(field: Option<&str>) -> Option<N> {
    field?.parse().ok()
}

fn size_of(name: Option<&str>, size: Option<&str>) -> FieldSizePayload {
    FieldSizePayload {
        field_name: text_of(name),
        field_size: number_of(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_survives_the_way_there_and_back() {
        let field = || FieldSizePayload {
            field_name: Some("x-big".into()),
            field_size: Some(70_000),
        };
        let codes = [
            ErrorCode::DnsTimeout,
            ErrorCode::DnsError(DnsErrorPayload {
                rcode: Some("NXDOMAIN".into()),
                info_code: Some(7),
            }),
            ErrorCode::DnsError(DnsErrorPayload {
                rcode: None,
                info_code: Some(7),
            }),
            ErrorCode::DestinationNotFound,
            ErrorCode::DestinationUnavailable,
            ErrorCode::DestinationIpProhibited,
            ErrorCode::DestinationIpUnroutable,
            ErrorCode::ConnectionRefused,
            ErrorCode::ConnectionTerminated,
            ErrorCode::ConnectionTimeout,
            ErrorCode::ConnectionReadTimeout,
            ErrorCode::ConnectionWriteTimeout,
            ErrorCode::ConnectionLimitReached,
            ErrorCode::TlsProtocolError,
            ErrorCode::TlsCertificateError,
            ErrorCode::TlsAlertReceived(TlsAlertReceivedPayload {
                alert_id: Some(40),
                alert_message: Some("handshake".into()),
            }),
            ErrorCode::HttpRequestDenied,
            ErrorCode::HttpRequestLengthRequired,
            ErrorCode::HttpRequestBodySize(Some(u64::MAX)),
            ErrorCode::HttpRequestMethodInvalid,
            ErrorCode::HttpRequestUriInvalid,
            ErrorCode::HttpRequestUriTooLong,
            ErrorCode::HttpRequestHeaderSectionSize(None),
            ErrorCode::HttpRequestHeaderSize(Some(field())),
            ErrorCode::HttpRequestHeaderSize(None),
            ErrorCode::HttpRequestTrailerSectionSize(Some(1)),
            ErrorCode::HttpRequestTrailerSize(field()),
            ErrorCode::HttpResponseIncomplete,
            ErrorCode::HttpResponseHeaderSectionSize(Some(2)),
            ErrorCode::HttpResponseHeaderSize(field()),
            ErrorCode::HttpResponseBodySize(Some(3)),
            ErrorCode::HttpResponseTrailerSectionSize(None),
            ErrorCode::HttpResponseTrailerSize(field()),
            ErrorCode::HttpResponseTransferCoding(Some("gzip".into())),
            ErrorCode::HttpResponseContentCoding(None),
            ErrorCode::HttpResponseTimeout,
            ErrorCode::HttpUpgradeFailed,
            ErrorCode::HttpProtocolError,
            ErrorCode::LoopDetected,
            ErrorCode::ConfigurationError,
            ErrorCode::InternalError(Some("it broke".into())),
            ErrorCode::InternalError(None),
        ];
        let mut names: Vec<String> = Vec::new();
        for code in codes {
            let text = print(&code);
            assert_eq!(format!("{:?}", parse(&text)), format!("{code:?}"));
            names.push(text.split('\n').next().unwrap().to_owned());
        }
        names.dedup();
        assert_eq!(names.len(), 39);
    }

    #[test]
    fn a_line_feed_in_a_text_does_not_become_a_field() {
        let code = ErrorCode::InternalError(Some("two\nlines".into()));
        assert_eq!(print(&code), "internal-error\ntwo lines");
    }

    #[test]
    fn an_unknown_name_is_an_internal_error() {
        assert!(
            matches!(parse("teapot\n1"), ErrorCode::InternalError(Some(text)) if text == "teapot\n1")
        );
    }
}
