//! The JSON Schema of a config, for editors that complete and check keys while one types. It is made
//! from the declarations that configs are read by; what depends on several keys is said by `sweep
//! plan` alone.

use serde_json::{Map, Value, json};

use crate::axis::{AXES, Axis, Domain, LARGE};
use crate::config::keys::{self, Key, Kind};

/// The schema.
#[must_use]
pub fn schema() -> Value {
    let mut top = Map::new();
    for key in keys::own("") {
        top.insert(key.name.to_owned(), described(of_key(key), key.meaning));
    }
    // A section or a list of them. Keywords that are for one of the two say nothing of the other, and
    // errors stay those of a key, as they would not with `oneOf`.
    let mut grids = section("grid");
    grids["items"] = json!({"$ref": "#/definitions/grid"});
    grids["type"] = json!(["object", "array"]);
    grids["minItems"] = 1.into();
    let sections = [
        ("grid", grids),
        ("search", section("search")),
        ("task", section("task")),
        ("init", section("init")),
        ("pretraining", section("pretraining")),
        ("training", section("training")),
        ("trace", section("trace")),
        ("answer", section("answer")),
    ];
    for (name, schema) in sections {
        let meaning = keys::own("").find(|key| key.name == name).map_or("", |key| key.meaning);
        top.insert(name.to_owned(), described(schema, meaning));
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "a sweep",
        "description": "config of `sweep run`: a grid of sizes, hyperparameters and algorithms",
        "type": "object",
        "additionalProperties": false,
        "required": ["grid"],
        "properties": top,
        "definitions": definitions(),
    })
}

/// What is said once and referred to: one value of each axis, a range, a grid.
fn definitions() -> Value {
    let mut definitions: Map<String, Value> = AXES.iter().map(|axis| (axis.name.to_owned(), one_value(axis))).collect();
    let ends = json!({"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}});
    let range = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {"geom": ends, "lin": ends, "points": {"type": "integer", "minimum": 1}},
        "required": ["points"],
    });
    definitions.insert("range".to_owned(), range);
    definitions.insert("grid".to_owned(), section("grid"));
    definitions.into()
}

/// One value of an axis, by reference.
fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/definitions/{name}")})
}

/// The text of the schema, as it is printed and written.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", schema())
}

fn section(name: &str) -> Value {
    let mut properties = Map::new();
    for axis in keys::axes(name) {
        let schema = match name {
            "grid" => in_grid(axis),
            "search" => lattice(axis),
            _ => one_value(axis),
        };
        for spelling in [Some(axis.name), axis.alias].into_iter().flatten() {
            properties.insert(spelling.to_owned(), described(schema.clone(), axis.meaning));
        }
    }
    for key in keys::own(name) {
        let schema = match (name, key.name) {
            ("grid", "search") => {
                let mut search = section("search");
                search["type"] = json!(["boolean", "object"]);
                search
            }
            ("training", stage @ ("boost" | "sparse")) => section(&format!("training.{stage}")),
            _ => of_key(key),
        };
        properties.insert(key.name.to_owned(), described(schema, key.meaning));
    }
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn described(mut schema: Value, meaning: &str) -> Value {
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), meaning.into());
    }
    schema
}

fn of_key(key: &Key) -> Value {
    match key.kind {
        Kind::Whole { default, min, max } => {
            json!({"type": "integer", "minimum": min, "maximum": max, "default": default})
        }
        Kind::Real { default, min, max } => {
            json!({"type": "number", "minimum": min, "maximum": max, "default": default})
        }
        Kind::Truth { default } => json!({"type": "boolean", "default": default}),
        Kind::Choice(names) => json!({"enum": names(), "default": names()[0]}),
        Kind::OrNever { whole, largest } => {
            let kind = if whole { "integer" } else { "number" };
            json!({"oneOf": [{"type": kind, "minimum": 0, "maximum": largest}, {"const": false}]})
        }
        Kind::Other { schema, .. } => serde_json::from_str(schema).unwrap_or_default(),
        Kind::Section => json!({"type": "object"}),
    }
}

/// One value: a number within the range, a name or an expression.
fn one_value(axis: &Axis) -> Value {
    let number = |kind: &str, min: f64, open: bool, max: f64| {
        let low = if open { "exclusiveMinimum" } else { "minimum" };
        let mut number = json!({"type": kind, low: min});
        if max < LARGE {
            number["maximum"] = max.into();
        }
        number
    };
    match axis.domain {
        Domain::Algorithm | Domain::Name(_) => json!({"enum": axis.names()}),
        // TOML has 1e3 for a whole number too.
        Domain::Whole { min, max } => json!({"anyOf": [number("number", min, false, max), {"type": "string"}]}),
        Domain::Real { min, open, max, off } => {
            let off = off.map(|off| json!({"const": off}));
            let all: Vec<Value> =
                [number("number", min, open, max), json!({"type": "string"})].into_iter().chain(off).collect();
            json!({"anyOf": all})
        }
    }
}

/// A value, a list of values or a range.
fn in_grid(axis: &Axis) -> Value {
    let one = reference(axis.name);
    let list = json!({"type": "array", "minItems": 1, "items": one});
    if axis.names().is_some() {
        return json!({"anyOf": [one, list]});
    }
    json!({"anyOf": [one, list, reference("range")]})
}

/// `{ start = "T/4", factor = 2, min = 4, max = "8*T" }`.
fn lattice(axis: &Axis) -> Value {
    let one = reference(axis.name);
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {"start": one, "factor": {"type": "number", "exclusiveMinimum": 1, "maximum": 100}, "min": one, "max": one},
        "required": ["start", "min", "max"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_the_schema_with_its_meaning() {
        let schema = schema();
        for section in keys::SECTIONS {
            let path = section.split('.').filter(|name| !name.is_empty());
            let here = path.fold(&schema, |at, name| &at["properties"][name]);
            for key in keys::of(section) {
                let meaning = here["properties"][key]["description"].as_str();
                assert!(meaning.is_some_and(|meaning| !meaning.is_empty()), "{section}.{key}");
            }
            assert_eq!(here["additionalProperties"], json!(false), "{section}");
        }
    }
}
