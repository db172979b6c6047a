//! The JSON Schema (2020-12) of every document, made from the types themselves: for editors, for validators, and
//! for clients in other languages. Published as files below `docs/schema`. Feature `json-schema`.
//!
//! A schema says what the reader takes, neither more nor less, as far as a schema can: every member may be absent or
//! `null`, members that a type does not know are kept, a text with known values may be any other. What a *host* then
//! refuses is more, and stands in `docs/support`.
//!
//! Two things that the reader does are beyond a schema: it takes names of members in any letter case (such a member is
//! not checked by the schema), and it refuses a whole number that is written with a fraction or an exponent (`1.0`).
//!
//! Every document type also is a [`schemars::JsonSchema`], so that a type of yours that holds one can derive it.
//!
//! ```
//! use hcs_schema::json_schema::{ROOTS, Role};
//!
//! let root = ROOTS.iter().find(|root| root.name == "v2::ComputeSystem").unwrap();
//! assert_eq!((root.role, root.file()), (Role::Request, "v2/ComputeSystem.json".to_owned()));
//! let schema = root.schema();
//! assert_eq!(schema["properties"]["Container"]["$ref"], "#/$defs/Container");
//! ```

mod roots;
mod shape;

pub use roots::{ROOTS, Role, Root};
pub(crate) use shape::{MemberSchema, Property, document, known_numbers, known_text};
