//! The three ways to declare a type of this crate: `document!` for an object, `open_enum!` for a string with known
//! values, `open_number!` for a number with known values or bits.

/// Declares document types. Per member: documentation, Rust name and type, JSON name, and when it is written:
/// `always`, or `omit` when it is empty.
///
/// It makes the struct with all members public and the map of unknown ones, its default (everything empty),
/// reading and writing by the rules of `member`, and the table [`crate::Document::MEMBERS`].
macro_rules! document {
    ($(
        $(#[doc $($doc:tt)+])*
        pub struct $type:ident {
            $($(#[doc $($member_doc:tt)+])* pub $rust:ident: $kind:ty = $name:literal $rule:ident,)*
        }
    )+) => {$(
        $(#[doc $($doc)+])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $type {
            $(
                $(#[doc $($member_doc)+])*
                #[doc = concat!("\n\nJSON: `", $name, "`, ", document!(@words $rule))]
                pub $rust: $kind,
            )*
            /// Members that this version does not know, kept and written back behind the others.
            pub unknown: $crate::Unknown,
        }

        impl $crate::Document for $type {
            const MEMBERS: &'static [$crate::Member] = &[$($crate::Member {
                name: $name,
                rust: stringify!($rust),
                type_name: stringify!($kind),
                omit_when_empty: document!(@omit $rule),
            },)*];

            fn unknown(&self) -> &$crate::Unknown {
                &self.unknown
            }
        }

        impl $crate::MemberType for $type {
            /// Equal to the default. Such a value is still written: Go's encoder never takes an object for empty.
            fn is_empty(&self) -> bool {
                *self == Self::default()
            }

            fn read<'de, D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl<'de> ::serde::de::Visitor<'de> for Visitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(concat!("an object (", stringify!($type), ")"))
                    }

                    fn visit_unit<E>(self) -> Result<$type, E> {
                        Ok($type::default())
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$type, A::Error> {
                        let mut this = $type::default();
                        while let Some(name) = map.next_key::<String>()? {
                            $(if name.eq_ignore_ascii_case($name) {
                                this.$rust = map.next_value_seed($crate::member::Read::new())?;
                                continue;
                            })*
                            let value = map.next_value()?;
                            this.unknown.insert(name, value);
                        }
                        Ok(this)
                    }
                }

                deserializer.deserialize_any(Visitor)
            }

            fn write<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use ::serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $(if !(document!(@omit $rule) && $crate::MemberType::is_empty(&self.$rust)) {
                    map.serialize_entry($name, &$crate::member::Write(&self.$rust))?;
                })*
                for (name, value) in &self.unknown {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }

            fn unknown_below(&self, path: &str, found: &mut Vec<String>) {
                $($crate::MemberType::unknown_below(&self.$rust, &$crate::member::join(path, $name), found);)*
                found.extend(self.unknown.keys().map(|name| $crate::member::join(path, name)));
            }

            #[cfg(feature = "drop-member")]
            fn drop_member(&mut self, member: &mut $crate::drop_member::Named) {
                let this_type = member.is_of(module_path!(), stringify!($type));
                $(if this_type && member.is($name) {
                    member.take(&mut self.$rust);
                }
                $crate::MemberType::drop_member(&mut self.$rust, member);)*
            }
        }

        document!(@serde $type);

        describe!($type {
            $crate::json_schema::document(doc_text!($({ $($doc)+ })*), vec![$($crate::json_schema::Property {
                name: $name,
                doc: doc_text!($({ $($member_doc)+ })*),
                always: !document!(@omit $rule),
                schema: <$kind as $crate::json_schema::MemberSchema>::member_schema(generator),
            },)*])
        } generator);
    )+};

    (@serde $type:ident) => {
        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::MemberType::write(self, serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::MemberType::read(deserializer)
            }
        }
    };
    (@words always) => { "always written." };
    (@words omit) => { "left out when empty." };
    (@omit always) => { false };
    (@omit omit) => { true };
}

/// Declares a string with known values. Any other text stays representable, so that a newer side is not refused
/// here; [`MemberType`](crate::MemberType) makes the empty text stand for an absent member.
macro_rules! open_enum {
    ($(
        $(#[doc $($doc:tt)+])*
        pub enum $type:ident {
            $($(#[doc $($value_doc:tt)+])* $constant:ident = $text:literal,)*
        }
    )+) => {$(
        $(#[doc $($doc)+])*
        #[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(::std::borrow::Cow<'static, str>);

        impl $type {
            $($(#[doc $($value_doc)+])* #[doc = concat!("\n\nJSON: `\"", $text, "\"`.")]
            pub const $constant: Self = Self(::std::borrow::Cow::Borrowed($text));)*

            /// Every known value.
            pub const KNOWN: &'static [Self] = &[$(Self::$constant),*];

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The known value that this is in any letter case: what a host goes by that takes the text so.
            pub fn known(&self) -> Option<&'static Self> {
                Self::KNOWN.iter().find(|known| known.0.eq_ignore_ascii_case(&self.0))
            }

            /// Whether this version knows the value. The empty text counts as known: it means "not given".
            pub fn is_known(&self) -> bool {
                self.0.is_empty() || Self::KNOWN.contains(self)
            }
        }

        impl From<&str> for $type {
            fn from(text: &str) -> Self {
                Self(::std::borrow::Cow::Owned(text.to_owned()))
            }
        }

        impl From<String> for $type {
            fn from(text: String) -> Self {
                Self(::std::borrow::Cow::Owned(text))
            }
        }

        impl PartialEq<str> for $type {
            fn eq(&self, text: &str) -> bool {
                self.0 == text
            }
        }

        impl PartialEq<&str> for $type {
            fn eq(&self, text: &&str) -> bool {
                self.0 == *text
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl ::std::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl $crate::MemberType for $type {
            fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            fn read<'de, D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as $crate::MemberType>::read(deserializer).map(Self::from)
            }

            fn write<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        document!(@serde $type);

        describe!($type {
            $crate::json_schema::known_text(
                doc_text!($({ $($doc)+ })*),
                &[$(($text, doc_text!($({ $($value_doc)+ })*)),)*],
            )
        } _generator);
    )+};
}

/// Declares a number with known values or bits. Any other number stays representable.
macro_rules! open_number {
    ($(
        $(#[doc $($doc:tt)+])*
        pub struct $type:ident($number:ty) {
            $($(#[doc $($value_doc:tt)+])* $constant:ident = $value:literal,)*
        }
    )+) => {$(
        $(#[doc $($doc)+])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(pub $number);

        impl $type {
            $($(#[doc $($value_doc)+])* #[doc = concat!("\n\nJSON: `", $value, "`.")]
            pub const $constant: Self = Self($value);)*

            /// Every known value.
            pub const KNOWN: &'static [Self] = &[$(Self::$constant),*];

            /// Whether every bit of `bits` is set.
            pub const fn contains(self, bits: Self) -> bool {
                self.0 & bits.0 == bits.0
            }
        }

        impl ::std::ops::BitOr for $type {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl $crate::MemberType for $type {
            fn is_empty(&self) -> bool {
                self.0 == 0
            }

            fn read<'de, D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <$number as $crate::MemberType>::read(deserializer).map(Self)
            }

            fn write<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::MemberType::write(&self.0, serializer)
            }
        }

        document!(@serde $type);

        describe!($type {
            let mut number = <$number as $crate::json_schema::MemberSchema>::member_schema(generator);
            number.insert("description".to_owned(), $crate::json_schema::known_numbers(
                doc_text!($({ $($doc)+ })*),
                &[$((stringify!($value), doc_text!($({ $($value_doc)+ })*)),)*],
            ).into());
            number
        } generator);
    )+};
}

/// The text of documentation comments, each in braces and without `#[doc …]` around it.
#[cfg(feature = "json-schema")]
macro_rules! doc_text {
    (@line = $text:literal) => { concat!($text, "\n") };
    // An alias.
    (@line $other:tt) => { "" };
    ($({ $($doc:tt)+ })*) => { concat!($(doc_text!(@line $($doc)+)),*) };
}

/// Gives a type its JSON Schema, made by the block; nothing without the feature.
macro_rules! describe {
    ($type:ident $make:block $generator:ident) => {
        #[cfg(feature = "json-schema")]
        impl ::schemars::JsonSchema for $type {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($type)).into()
            }

            fn json_schema($generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema $make
        }

        #[cfg(feature = "json-schema")]
        impl $crate::json_schema::MemberSchema for $type {
            fn member_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                generator.subschema_for::<Self>()
            }
        }
    };
}
