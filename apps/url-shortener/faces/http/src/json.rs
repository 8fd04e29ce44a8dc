//! Writing JSON: small objects, field by field. (Reading is `serde_json`'s.)

use alloc::format;
use alloc::string::{String, ToString};

use serde_json::Value;

/// An object being written; `finish` gives its text.
#[derive(Default)]
pub struct Object {
    text: String,
}

impl Object {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field whose value is JSON already.
    #[must_use]
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        let separator = if self.text.is_empty() { '{' } else { ',' };
        self.text.push(separator);
        self.text.push_str(&quote(name));
        self.text.push(':');
        self.text.push_str(json);
        self
    }

    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.raw(name, &quote(value))
    }

    #[must_use]
    pub fn optional_text(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, "null"),
        }
    }

    #[must_use]
    pub fn number(self, name: &str, value: u64) -> Self {
        self.raw(name, &value.to_string())
    }

    #[must_use]
    pub fn optional_number(self, name: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.number(name, value),
            None => self.raw(name, "null"),
        }
    }

    pub fn finish(self) -> String {
        if self.text.is_empty() { "{}".into() } else { format!("{}}}", self.text) }
    }
}

fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::Object;

    #[test]
    fn fields_stand_in_the_order_they_were_added() {
        let object = Object::new().text("b", "x").number("a", u64::MAX).optional_number("c", None).raw("d", "[1]");
        assert_eq!(object.finish(), r#"{"b":"x","a":18446744073709551615,"c":null,"d":[1]}"#);
    }

    #[test]
    fn texts_are_escaped() {
        let object = Object::new().text("t", "\"\\\n\u{1}é</script>").optional_text("n", None);
        assert_eq!(object.finish(), "{\"t\":\"\\\"\\\\\\n\\u0001é</script>\",\"n\":null}");
    }

    #[test]
    fn an_object_may_be_empty() {
        assert_eq!(Object::new().finish(), "{}");
    }
}
