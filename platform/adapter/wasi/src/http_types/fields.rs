//! `wasi:http/types.fields`: headers and trailers.
//!
//! Names are kept in lower case and in the order in which they were added. A list is shared between a message and the
//! `fields` handles that look at it, and copied when a mutable handle changes it.

use crate::bindings::exports::wasi::http::types::{self, HeaderError};
use crate::traps::trap;
use core::cell::{Ref, RefCell};
use std::borrow::Cow;
use std::rc::Rc;

/// The most that the names and values of one list may come to, in bytes, with `FIELD_COST` for each field.
const SIZE_LIMIT: usize = 128 << 10;
const FIELD_COST: usize = 32;
const NAME_LIMIT: usize = 65_535;

const FORBIDDEN: [&str; 9] = [
    "connection",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];
const CONTENT_LENGTH: &str = "content-length";

/// Name (lower case) and value.
pub type Field = (String, Vec<u8>);

/// A list of fields that obeys the rules of HTTP and of `wasi:http`.
#[derive(Clone, Default)]
pub struct FieldList {
    fields: Rc<Vec<Field>>,
}

/// Why a list was left as it was.
pub enum Refusal {
    /// What the guest is told.
    Error(HeaderError),
    /// The list would grow beyond `SIZE_LIMIT`: no case of `header-error` says so, it ends the guest.
    TooLarge,
}

impl From<HeaderError> for Refusal {
    fn from(error: HeaderError) -> Self {
        Self::Error(error)
    }
}

impl FieldList {
    /// Reads field lines as the host sends them, in head text, without those that a guest may not see.
    pub fn parse(lines: &str) -> Self {
        let raw = raw_bytes(lines);
        let fields = raw
            .split(|&byte| byte == b'\r')
            .filter_map(|line| {
                let end = line.iter().position(|&byte| byte == b'\n')?;
                let mut name = String::from_utf8_lossy(&line[..end]).into_owned();
                name.make_ascii_lowercase();
                (!is_forbidden(&name)).then(|| (name, line[end + 1..].to_vec()))
            })
            .collect();
        Self {
            fields: Rc::new(fields),
        }
    }

    /// Appends the field lines of the list, as raw bytes.
    pub fn append_lines(&self, out: &mut Vec<u8>) {
        for (name, value) in self.fields.iter() {
            out.extend_from_slice(name.as_bytes());
            out.push(b'\n');
            out.extend_from_slice(value);
            out.push(b'\r');
        }
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// How many bytes `append_lines` appends.
    pub fn lines_len(&self) -> usize {
        self.fields
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum()
    }

    /// The length that the body has to have; `Err` if the list does not say it in one way only.
    pub fn content_length(&self) -> Result<Option<u64>, ()> {
        let mut values = self
            .fields
            .iter()
            .filter(|(name, _)| name == CONTENT_LENGTH);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some((_, value)), None) => parse_length(value).map(Some).ok_or(()),
            _ => Err(()),
        }
    }

    /// The values of a name.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Vec<u8>> {
        self.fields
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether there is a field of this name.
    pub fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// `fields.append`.
    pub fn append(&mut self, name: String, value: Vec<u8>) -> Result<(), Refusal> {
        let name = checked_name(name)?;
        let value = checked_value(&name, value)?;
        if name == CONTENT_LENGTH && self.has(CONTENT_LENGTH) {
            return Err(HeaderError::InvalidSyntax.into());
        }
        if self.size() + cost(&name, &value) > SIZE_LIMIT {
            return Err(Refusal::TooLarge);
        }
        Rc::make_mut(&mut self.fields).push((name, value));
        Ok(())
    }

    /// `fields.set`.
    pub fn set(&mut self, name: String, values: Vec<Vec<u8>>) -> Result<(), Refusal> {
        let name = checked_name(name)?;
        if name == CONTENT_LENGTH && values.len() > 1 {
            return Err(HeaderError::InvalidSyntax.into());
        }
        let mut fresh = Vec::with_capacity(values.len());
        for value in values {
            fresh.push((name.clone(), checked_value(&name, value)?));
        }
        let kept: usize = self
            .fields
            .iter()
            .filter(|(key, _)| *key != name)
            .map(|(key, value)| cost(key, value))
            .sum();
        if kept
            + fresh
                .iter()
                .map(|(key, value)| cost(key, value))
                .sum::<usize>()
            > SIZE_LIMIT
        {
            return Err(Refusal::TooLarge);
        }
        let fields = Rc::make_mut(&mut self.fields);
        let at = fields
            .iter()
            .position(|(key, _)| *key == name)
            .unwrap_or(fields.len());
        fields.retain(|(key, _)| *key != name);
        fields.splice(at..at, fresh);
        Ok(())
    }

    /// `fields.delete`.
    pub fn delete(&mut self, name: String) -> Result<(), Refusal> {
        let name = checked_name(name)?;
        if self.has(&name) {
            Rc::make_mut(&mut self.fields).retain(|(key, _)| *key != name);
        }
        Ok(())
    }

    /// All fields.
    pub fn all(&self) -> &[Field] {
        &self.fields
    }

    fn size(&self) -> usize {
        self.fields
            .iter()
            .map(|(name, value)| cost(name, value))
            .sum()
    }
}

/// The raw bytes of field lines; a character that stands for no byte makes them text.
fn raw_bytes(lines: &str) -> Cow<'_, [u8]> {
    if lines.is_ascii() {
        return Cow::Borrowed(lines.as_bytes());
    }
    match packing::from_head(lines.to_owned()) {
        Some(raw) => Cow::Owned(raw),
        None => Cow::Borrowed(lines.as_bytes()),
    }
}

/// Tells whether `text` is a token of HTTP: what names, and methods, are made of.
pub fn is_token(text: &str) -> bool {
    let is_char = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_char)
}

fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.contains(&name)
}

fn checked_name(mut name: String) -> Result<String, HeaderError> {
    if !is_token(&name) || name.len() > NAME_LIMIT {
        return Err(HeaderError::InvalidSyntax);
    }
    name.make_ascii_lowercase();
    if is_forbidden(&name) {
        Err(HeaderError::Forbidden)
    } else {
        Ok(name)
    }
}

fn checked_value(name: &str, value: Vec<u8>) -> Result<Vec<u8>, HeaderError> {
    if name == CONTENT_LENGTH {
        let length = parse_length(&value).ok_or(HeaderError::InvalidSyntax)?;
        return Ok(length.to_string().into_bytes());
    }
    let is_visible = |&byte: &u8| byte == b'\t' || (byte >= 32 && byte != 127);
    if value.iter().all(is_visible) {
        Ok(value)
    } else {
        Err(HeaderError::InvalidSyntax)
    }
}

fn parse_length(value: &[u8]) -> Option<u64> {
    let digits = core::str::from_utf8(value).ok()?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

fn cost(name: &str, value: &[u8]) -> usize {
    name.len() + value.len() + FIELD_COST
}

/// What stands behind a handle of the resource, in whichever version: a list, and whether the guest may change it.
pub struct Editable {
    list: RefCell<FieldList>,
    mutable: bool,
}

impl Editable {
    pub fn new(list: FieldList, mutable: bool) -> Self {
        Self {
            list: RefCell::new(list),
            mutable,
        }
    }

    pub fn list(&self) -> Ref<'_, FieldList> {
        self.list.borrow()
    }

    pub fn into_list(self) -> FieldList {
        self.list.into_inner()
    }

    pub fn change(
        &self,
        change: impl FnOnce(&mut FieldList) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        if self.mutable {
            return change(&mut self.list.borrow_mut());
        }
        // What is wrong with a name or a value counts before the right to change anything: a trial on a list that
        // nobody sees finds it.
        match change(&mut FieldList::default()) {
            Err(refusal @ Refusal::Error(_)) => Err(refusal),
            _ => Err(Refusal::Error(HeaderError::Immutable)),
        }
    }
}

/// The resource.
pub struct Fields(Editable);

impl Fields {
    /// A handle through which the guest may look at `list` but not change it.
    pub fn immutable(list: FieldList) -> types::Fields {
        types::Fields::new(Self(Editable::new(list, false)))
    }

    /// Ends the handle and returns its list.
    pub fn into_list(handle: types::Fields) -> FieldList {
        handle.into_inner::<Self>().0.into_list()
    }

    fn change(
        &self,
        change: impl FnOnce(&mut FieldList) -> Result<(), Refusal>,
    ) -> Result<(), HeaderError> {
        told(self.0.change(change))
    }
}

fn told(result: Result<(), Refusal>) -> Result<(), HeaderError> {
    result.map_err(|refusal| match refusal {
        Refusal::Error(error) => error,
        Refusal::TooLarge => trap("the names and values of a `fields` come to more than 128 KiB"),
    })
}

impl types::GuestFields for Fields {
    fn new() -> Self {
        Self(Editable::new(FieldList::default(), true))
    }

    fn from_list(entries: Vec<Field>) -> Result<types::Fields, HeaderError> {
        let fields = Self::new();
        for (name, value) in entries {
            fields.change(|list| list.append(name, value))?;
        }
        Ok(types::Fields::new(fields))
    }

    fn get(&self, name: String) -> Vec<Vec<u8>> {
        self.0.list().values(&name).cloned().collect()
    }

    fn has(&self, name: String) -> bool {
        self.0.list().has(&name)
    }

    fn set(&self, name: String, values: Vec<Vec<u8>>) -> Result<(), HeaderError> {
        self.change(|list| list.set(name, values))
    }

    fn delete(&self, name: String) -> Result<(), HeaderError> {
        self.change(|list| list.delete(name))
    }

    fn append(&self, name: String, value: Vec<u8>) -> Result<(), HeaderError> {
        self.change(|list| list.append(name, value))
    }

    fn entries(&self) -> Vec<Field> {
        self.0.list().fields.as_ref().clone()
    }

    fn clone(&self) -> types::Fields {
        types::Fields::new(Self(Editable::new(self.0.list().clone(), true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(&str, &str)]) -> FieldList {
        let mut list = FieldList::default();
        for (name, value) in entries {
            assert!(
                list.append((*name).into(), (*value).into()).is_ok(),
                "{name}: {value}"
            );
        }
        list
    }

    fn lines(list: &FieldList) -> String {
        let mut out = Vec::new();
        list.append_lines(&mut out);
        assert_eq!(out.len(), list.lines_len());
        String::from_utf8(out).unwrap()
    }

    fn is_invalid(result: Result<(), Refusal>) -> bool {
        matches!(result, Err(Refusal::Error(HeaderError::InvalidSyntax)))
    }

    #[test]
    fn names_are_lower_case_and_keep_their_order() {
        let list = list(&[("X-B", "1"), ("a", "2"), ("x-b", "3")]);
        assert_eq!(lines(&list), "x-b\n1\ra\n2\rx-b\n3\r");
    }

    #[test]
    fn set_takes_the_place_of_the_first() {
        let mut list = list(&[("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")]);
        assert!(
            list.set("A".into(), vec![b"5".to_vec(), b"6".to_vec()])
                .is_ok()
        );
        assert_eq!(lines(&list), "a\n5\ra\n6\rb\n2\rc\n4\r");
        assert!(list.set("a".into(), vec![]).is_ok());
        assert_eq!(lines(&list), "b\n2\rc\n4\r");
    }

    #[test]
    fn delete_removes_all_values() {
        let mut list = list(&[("a", "1"), ("b", "2"), ("a", "3")]);
        assert!(list.delete("A".into()).is_ok());
        assert_eq!(lines(&list), "b\n2\r");
    }

    #[test]
    fn bad_names_and_values_are_refused() {
        let mut list = FieldList::default();
        for name in ["", "a b", "a:", "ä", "a\n"] {
            assert!(
                is_invalid(list.append(name.into(), b"v".to_vec())),
                "{name:?}"
            );
            assert!(is_invalid(list.set(name.into(), vec![])), "{name:?}");
            assert!(is_invalid(list.delete(name.into())), "{name:?}");
        }
        for value in [&b"a\r"[..], b"a\nb", b"\0", b"\x7f"] {
            assert!(
                is_invalid(list.append("a".into(), value.to_vec())),
                "{value:?}"
            );
            assert!(
                is_invalid(list.set("a".into(), vec![b"fine".to_vec(), value.to_vec()])),
                "{value:?}"
            );
        }
        assert!(list.append("a".into(), vec![b'\t', 0x80, 0xff]).is_ok());
    }

    #[test]
    fn forbidden_names_can_neither_be_set_nor_seen() {
        let mut list = FieldList::default();
        for name in FORBIDDEN {
            let refused = list.append(name.to_uppercase(), vec![]);
            assert!(
                matches!(refused, Err(Refusal::Error(HeaderError::Forbidden))),
                "{name}"
            );
        }
        let seen = FieldList::parse("Host\nexample\rX-A\n1\rconnection\nclose\r");
        assert_eq!(lines(&seen), "x-a\n1\r");
    }

    #[test]
    fn content_length_is_one_number() {
        let mut list = list(&[("content-length", "007")]);
        assert_eq!(list.content_length(), Ok(Some(7)));
        assert!(is_invalid(
            list.append("Content-Length".into(), b"7".to_vec())
        ));
        assert!(is_invalid(list.set(
            "content-length".into(),
            vec![b"7".to_vec(), b"7".to_vec()]
        )));
        for value in ["", "+5", "-5", " 5", "5x", "99999999999999999999"] {
            assert!(
                is_invalid(list.set("content-length".into(), vec![value.into()])),
                "{value:?}"
            );
        }
        assert_eq!(
            FieldList::parse("content-length\n1\rcontent-length\n1\r").content_length(),
            Err(())
        );
    }

    #[test]
    fn a_list_cannot_grow_for_ever() {
        let mut list = FieldList::default();
        let big = vec![b'v'; 60 << 10];
        assert!(list.append("a".into(), big.clone()).is_ok());
        assert!(list.append("a".into(), big.clone()).is_ok());
        assert!(matches!(
            list.append("a".into(), big.clone()),
            Err(Refusal::TooLarge)
        ));
        assert!(list.set("a".into(), vec![big.clone(), big]).is_ok());
    }

    #[test]
    fn a_copy_changes_alone() {
        let first = list(&[("a", "1")]);
        let mut second = first.clone();
        assert!(second.append("b".into(), vec![]).is_ok());
        assert_eq!(lines(&first), "a\n1\r");
    }

    #[test]
    fn latin_1_values_arrive_as_their_bytes() {
        let list = FieldList::parse("x\n\u{fc}\u{ff}\r");
        assert_eq!(list.values("X").next().unwrap(), &[0xfc, 0xff]);
    }
}
