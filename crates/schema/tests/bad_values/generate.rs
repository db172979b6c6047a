//! Every member of a document and of its parts, and values that a member's type does not take: made from the schema's
//! catalogue, so that a new member is tried from its first day.
//!
//! Also compiled into the tests of hosts, which must refuse the same values.

use hcs_schema::{DocumentType, documents};

/// What a member takes.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Bool,
    /// From, to.
    Number(i128, i128),
    Text,
    /// A text with known values.
    Word,
    Time,
    /// A number or a text.
    Signal,
    /// Two numbers.
    Size,
    /// Any JSON.
    Any,
    List(Box<Shape>),
    /// With texts as keys, or with numbers.
    Map(Box<Shape>, &'static str),
    Part(&'static DocumentType),
}

fn within<'a>(type_name: &'a str, outer: &str) -> Option<&'a str> {
    type_name.strip_prefix(outer)?.strip_prefix('<')?.strip_suffix('>')
}

/// What the Rust type of a member of `document` takes.
fn shape(document: &DocumentType, type_name: &str) -> Shape {
    if let Some(inner) = within(type_name, "Option") {
        return shape(document, inner);
    }
    if let Some(inner) = within(type_name, "Vec") {
        return Shape::List(shape(document, inner).into());
    }
    if let Some((key, inner)) = within(type_name, "BTreeMap").and_then(|inner| inner.split_once(", ")) {
        return Shape::Map(shape(document, inner).into(), if key == "String" { "key" } else { "7" });
    }
    match type_name {
        "bool" => Shape::Bool,
        "u8" => Shape::Number(0, u8::MAX.into()),
        "u16" => Shape::Number(0, u16::MAX.into()),
        "u32" => Shape::Number(0, u32::MAX.into()),
        "u64" => Shape::Number(0, u64::MAX.into()),
        "i32" => Shape::Number(i32::MIN.into(), i32::MAX.into()),
        "i64" => Shape::Number(i64::MIN.into(), i64::MAX.into()),
        "String" => Shape::Text,
        "Time" => Shape::Time,
        "Signal" => Shape::Signal,
        "[u32; 2]" => Shape::Size,
        "Value" => Shape::Any,
        // Numbers with known values.
        name if name.ends_with("Flags") || name == "LoadBalancerDistribution" => shape(document, "u32"),
        "EndpointState" => shape(document, "u16"),
        other => {
            let module = document.name.rsplit_once("::").map(|(module, _)| format!("{module}::{other}"));
            let part = documents()
                .find(|d| Some(d.name) == module.as_deref())
                .or_else(|| documents().find(|d| d.name == other))
                // Of another module.
                .or_else(|| documents().find(|d| d.name.rsplit("::").next() == Some(other)));
            part.map_or(Shape::Word, Shape::Part)
        }
    }
}

/// A member somewhere in a document: what stands before and after its value.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) path: String,
    /// The name alone.
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    before: String,
    after: String,
}

impl Place {
    /// The document with this value.
    pub(crate) fn with(&self, value: &str) -> String {
        format!("{}\"{}\":{value}{}", self.before, self.name, self.after)
    }

    /// The document with the member twice, under names of any letter case.
    pub(crate) fn twice(&self, [one, two]: [(&str, &str); 2]) -> String {
        format!("{}\"{}\":{},\"{}\":{}{}", self.before, one.0, one.1, two.0, two.1, self.after)
    }
}

/// All members of `document` at any depth. `siblings` gives what else stands in the part at a path, with a comma at
/// its end; the document itself has the empty path.
pub(crate) fn places(document: &'static DocumentType, siblings: &dyn Fn(&str) -> String) -> Vec<Place> {
    let mut all = Vec::new();
    walk(document, "", "", "", siblings, &mut all);
    all
}

fn walk(
    document: &'static DocumentType,
    path: &str,
    before: &str,
    after: &str,
    siblings: &dyn Fn(&str) -> String,
    all: &mut Vec<Place>,
) {
    let (before, after) = (format!("{before}{{{}", siblings(path)), format!("}}{after}"));
    for member in document.members {
        let path = if path.is_empty() { member.name.to_owned() } else { format!("{path}.{}", member.name) };
        let shape = shape(document, member.type_name);
        let (mut inner, mut path_within) = (&shape, path.clone());
        let (mut opening, mut closing) = (format!("{before}\"{}\":", member.name), after.clone());
        loop {
            match inner {
                Shape::List(element) => {
                    path_within.push_str("[0]");
                    opening.push('[');
                    closing.insert(0, ']');
                    inner = element;
                }
                Shape::Map(element, key) => {
                    path_within = format!("{path_within}.{key}");
                    opening = format!("{opening}{{\"{key}\":");
                    closing.insert(0, '}');
                    inner = element;
                }
                Shape::Part(part) => {
                    walk(part, &path_within, &opening, &closing, siblings, all);
                    break;
                }
                _ => break,
            }
        }
        all.push(Place { path, name: member.name, shape, before: before.clone(), after: after.clone() });
    }
}

/// A lone surrogate is no text, in any place.
const LONE: [&str; 2] = [r#""\ud800""#, r#""a\udc00b""#];

/// Values that this shape does not take, and where in the member the error is.
pub(crate) fn wrong(shape: &Shape) -> Vec<(String, String)> {
    let here = |values: &[&str]| values.iter().map(|value| ((*value).to_owned(), String::new())).collect();
    let mut values: Vec<(String, String)> = match shape {
        Shape::Bool => here(&["0", "1", "\"true\"", "[]", "{}", "[true]"]),
        Shape::Number(from, to) => {
            let mut values: Vec<_> = here(&["true", "\"7\"", "\"\"", "[]", "{}", "[7]", "1.5", "1e300"]);
            let outside = [*from - 1, *to + 1, (1 << 53) + 1, 1 << 64, -(1 << 63) - 1];
            let outside = outside.into_iter().filter(|number| !(*from..=*to).contains(number));
            values.extend(outside.map(|number| (number.to_string(), String::new())));
            values
        }
        Shape::Text | Shape::Word => here(&["true", "7", "1.5", "[]", "{}", "[\"x\"]", LONE[0], LONE[1]]),
        Shape::Time => here(&["true", "7", "[]", "{}", "\"\"", "\"yesterday\"", "\"2019-13-01T00:00:00Z\""]),
        Shape::Signal => here(&["true", "-1", "4294967296", "1.5", "[]", "{}", LONE[0]]),
        Shape::Size => {
            let mut values: Vec<_> = here(&["true", "7", "\"x\"", "{}", "[1,2,3]"]);
            values.extend(["-1", "\"1\"", "4294967296"].map(|w| (format!("[{w}]"), "[0]".into())));
            values
        }
        Shape::Any => here(&LONE),
        Shape::List(inner) => {
            let mut values: Vec<_> = here(&["true", "7", "\"x\"", "{}"]);
            values.extend(wrong(inner).into_iter().map(|(w, at)| (format!("[{w}]"), format!("[0]{at}"))));
            values
        }
        Shape::Map(inner, key) => {
            let mut values: Vec<_> = here(&["true", "7", "\"x\"", "[]"]);
            let inner = wrong(inner);
            values.extend(
                inner.into_iter().map(|(w, at)| (format!("{{\"{key}\":{w}}}"), format!(".{key}{at}"))),
            );
            values
        }
        Shape::Part(_) => here(&["true", "7", "\"x\"", "[]"]),
    };
    if !matches!(shape, Shape::Any) {
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        let at = if matches!(shape, Shape::List(_) | Shape::Size) { "[0]" } else { "" };
        // How far such a list is read depends on what it is read as: a list of anything takes it to the limit.
        if !matches!(shape, Shape::List(inner) if matches!(**inner, Shape::Any)) {
            values.push((deep, at.into()));
        }
    }
    values
}

/// Two values that this shape takes.
pub(crate) fn right(shape: &Shape) -> [String; 2] {
    let two = |one: &str, two: &str| [one.to_owned(), two.to_owned()];
    match shape {
        Shape::Bool => two("false", "true"),
        Shape::Number(from, to) => [from.to_string(), to.to_string()],
        Shape::Text | Shape::Word | Shape::Signal => two(r#""a\u0000""#, "\"b\""),
        Shape::Time => two("\"2019-01-24T10:20:30Z\"", "\"2019-01-24T10:20:30.1234567Z\""),
        Shape::Size => two("[1]", "[2,3]"),
        Shape::Any => two("[1.5]", "{\"a\":null}"),
        Shape::List(inner) => right(inner).map(|value| format!("[{value},{value}]")),
        Shape::Map(inner, key) => right(inner).map(|value| format!("{{\"{key}\":{value}}}")),
        Shape::Part(_) => two("{\"New\":1}", "{\"New\":2}"),
    }
}

/// Values that are much too large, and that the type takes: so many bytes of text, or 10,000 elements.
pub(crate) fn huge(shape: &Shape, bytes: usize) -> Option<String> {
    match shape {
        Shape::Text | Shape::Word | Shape::Signal => Some(format!("\"{}\"", "x".repeat(bytes))),
        Shape::List(inner) => Some(format!("[{}]", vec![right(inner)[1].clone(); 10_000].join(","))),
        Shape::Map(inner, "key") => {
            let value = &right(inner)[1];
            let entries: Vec<_> = (0..10_000).map(|number| format!("\"k{number}\":{value}")).collect();
            Some(format!("{{{}}}", entries.join(",")))
        }
        _ => None,
    }
}
