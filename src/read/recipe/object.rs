//! An object of `docker inspect`, field by field: what nobody asked for and is not empty is left, and told.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

static NOTHING: Value = Value::Null;

/// An object, and what was asked of it.
pub(super) struct Object<'a> {
    name: &'static str,
    fields: Option<&'a Map<String, Value>>,
    asked: BTreeSet<&'static str>,
}

impl<'a> Object<'a> {
    pub(super) fn of(name: &'static str, value: &'a Value) -> Self {
        Self { name, fields: value.as_object(), asked: BTreeSet::new() }
    }

    pub(super) fn field(&mut self, field: &'static str) -> &'a Value {
        self.asked.insert(field);
        self.fields.and_then(|fields| fields.get(field)).unwrap_or(&NOTHING)
    }

    pub(super) fn text(&mut self, field: &'static str) -> &'a str {
        self.field(field).as_str().unwrap_or_default()
    }

    pub(super) fn number(&mut self, field: &'static str) -> i64 {
        self.field(field).as_i64().unwrap_or(0)
    }

    pub(super) fn is(&mut self, field: &'static str) -> bool {
        self.field(field).as_bool().unwrap_or(false)
    }

    pub(super) fn texts(&mut self, field: &'static str) -> Vec<&'a str> {
        texts(self.field(field))
    }

    /// What is no setting, or follows from others.
    pub(super) fn asked(&mut self, fields: &[&'static str]) {
        self.asked.extend(fields);
    }

    /// What else it has, and is not nothing.
    pub(super) fn left(self) -> Vec<String> {
        let fields = self.fields.into_iter().flatten();
        let left = fields.filter(|(name, value)| !self.asked.contains(name.as_str()) && !is_nothing(value));
        left.map(|(name, _)| format!("{}.{name}", self.name)).collect()
    }
}

/// The texts of an array.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The texts of an object by name.
pub(super) fn pairs(value: &Value) -> impl Iterator<Item = (&String, &str)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name, value.as_str().unwrap_or_default()))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.iter().all(is_nothing),
        Value::Object(fields) => fields.values().all(is_nothing),
    }
}
