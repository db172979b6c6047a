//! How values of members are read, written and judged empty: as Go's `encoding/json` does, which the service's
//! clients use.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A type that a member of a document can have.
pub trait MemberType: Default + Clone + fmt::Debug + PartialEq {
    /// Whether the value is what an absent member stands for: false, 0, "", no entries, none.
    fn is_empty(&self) -> bool;

    /// Reads a value; `null` is the empty one.
    ///
    /// # Errors
    /// The deserializer's, for a value of another type.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Writes a value. Empty lists and maps are written as `null`, as Go writes nil ones.
    ///
    /// # Errors
    /// The serializer's.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Adds the paths of unknown members within, each below `path`.
    fn unknown_below(&self, path: &str, found: &mut Vec<String>) {
        let _ = (path, found);
    }

    /// Makes a member of a type empty wherever it stands within; see [`crate::drop_member`].
    #[cfg(feature = "drop-member")]
    fn drop_member(&mut self, member: &mut crate::drop_member::Named) {
        let _ = member;
    }
}

/// Reads a [`MemberType`] where serde wants a seed.
pub(crate) struct Read<T>(PhantomData<T>);

impl<T> Read<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: MemberType> DeserializeSeed<'de> for Read<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

/// Writes a [`MemberType`] where serde wants a value.
pub(crate) struct Write<'a, T>(pub(crate) &'a T);

impl<T: MemberType> Serialize for Write<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

macro_rules! plain {
    ($($type:ty, $empty:expr;)*) => {$(
        impl MemberType for $type {
            fn is_empty(&self) -> bool {
                let empty: fn(&$type) -> bool = $empty;
                empty(self)
            }
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Option::deserialize(deserializer)?.unwrap_or_default())
            }
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        }
    )*};
}

plain! {
    bool, |value| !*value;
    String, |value| value.is_empty();
    u8, |value| *value == 0;
    u16, |value| *value == 0;
    u32, |value| *value == 0;
    u64, |value| *value == 0;
    i32, |value| *value == 0;
    i64, |value| *value == 0;
}

/// Any JSON: kept as it is.
impl MemberType for Value {
    fn is_empty(&self) -> bool {
        self.is_null()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

impl<T: MemberType> MemberType for Option<T> {
    fn is_empty(&self) -> bool {
        self.is_none()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(OptionVisitor(PhantomData))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(serializer),
            None => serializer.serialize_none(),
        }
    }

    fn unknown_below(&self, path: &str, found: &mut Vec<String>) {
        if let Some(value) = self {
            value.unknown_below(path, found);
        }
    }

    #[cfg(feature = "drop-member")]
    fn drop_member(&mut self, member: &mut crate::drop_member::Named) {
        if let Some(value) = self {
            value.drop_member(member);
        }
    }
}

struct OptionVisitor<T>(PhantomData<T>);

impl<'de, T: MemberType> Visitor<'de> for OptionVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::read(deserializer).map(Some)
    }
}

impl<T: MemberType> MemberType for Vec<T> {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_empty() {
            return serializer.serialize_none();
        }
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for value in self {
            list.serialize_element(&Write(value))?;
        }
        list.end()
    }

    fn unknown_below(&self, path: &str, found: &mut Vec<String>) {
        for (index, value) in self.iter().enumerate() {
            value.unknown_below(&format!("{path}[{index}]"), found);
        }
    }

    #[cfg(feature = "drop-member")]
    fn drop_member(&mut self, member: &mut crate::drop_member::Named) {
        for value in self {
            value.drop_member(member);
        }
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: MemberType> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(Read::new())? {
            list.push(value);
        }
        Ok(list)
    }
}

impl<K, T> MemberType for BTreeMap<K, T>
where
    K: Ord + Clone + fmt::Debug + fmt::Display + Serialize + for<'de> Deserialize<'de>,
    T: MemberType,
{
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MapVisitor(PhantomData))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_empty() {
            return serializer.serialize_none();
        }
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self {
            map.serialize_entry(key, &Write(value))?;
        }
        map.end()
    }

    fn unknown_below(&self, path: &str, found: &mut Vec<String>) {
        for (key, value) in self {
            value.unknown_below(&join(path, &key.to_string()), found);
        }
    }

    #[cfg(feature = "drop-member")]
    fn drop_member(&mut self, member: &mut crate::drop_member::Named) {
        for value in self.values_mut() {
            value.drop_member(member);
        }
    }
}

struct MapVisitor<K, T>(PhantomData<(K, T)>);

impl<'de, K, T> Visitor<'de> for MapVisitor<K, T>
where
    K: Ord + Deserialize<'de>,
    T: MemberType,
{
    type Value = BTreeMap<K, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = access.next_key()? {
            map.insert(key, access.next_value_seed(Read::new())?);
        }
        Ok(map)
    }
}

/// A fixed array is never empty, so it is always written. A shorter list leaves the rest 0; a longer one is an
/// error, where Go would drop what is too much.
impl MemberType for [u32; 2] {
    fn is_empty(&self) -> bool {
        false
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Vec::read(deserializer)?[..] {
            [] => Ok([0, 0]),
            [first] => Ok([first, 0]),
            [first, second] => Ok([first, second]),
            ref longer => Err(serde::de::Error::invalid_length(longer.len(), &"at most two numbers")),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

/// `path.name`, or `name` at the top. An empty name is shown as `""`, or nobody would see which member is meant.
pub(crate) fn join(path: &str, name: &str) -> String {
    let name = if name.is_empty() { "\"\"" } else { name };
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
