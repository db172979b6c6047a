//! Changes of a container's registry.

document! {
    /// Values to set and keys to delete, before the container's first process.
    pub struct RegistryChanges {
        /// Values to set.
        pub add_values: Vec<RegistryValue> = "AddValues" omit,
        /// Keys to delete with all below them.
        pub delete_keys: Vec<RegistryKey> = "DeleteKeys" omit,
    }

    /// A key.
    pub struct RegistryKey {
        /// The hive.
        pub hive: RegistryHive = "Hive" omit,
        /// The path within the hive.
        pub name: String = "Name" omit,
        /// The key is gone after the container's end.
        pub volatile: bool = "Volatile" omit,
    }

    /// A value; one of the members behind `Type` holds it.
    pub struct RegistryValue {
        /// Where it stands.
        pub key: Option<RegistryKey> = "Key" omit,
        /// Its name; empty: the key's default value.
        pub name: String = "Name" omit,
        /// Its type.
        pub value_type: RegistryValueType = "Type" omit,
        /// A text: `String`, `ExpandedString`, `MultiString`.
        pub string_value: String = "StringValue" omit,
        /// Bytes in base64: `Binary`, `CustomType`.
        pub binary_value: String = "BinaryValue" omit,
        /// 32 bits: `DWord`. Go clients send what is above 2^31 as negative; both forms are taken.
        pub d_word_value: i64 = "DWordValue" omit,
        /// 64 bits: `QWord`. What is above 2^63 must be sent as negative.
        pub q_word_value: i64 = "QWordValue" omit,
        /// The number of the type: `CustomType`.
        pub custom_type: i64 = "CustomType" omit,
    }
}

open_enum! {
    /// A hive of the registry.
    pub enum RegistryHive {
        /// `HKEY_LOCAL_MACHINE\SYSTEM`.
        SYSTEM = "System",
        /// `HKEY_LOCAL_MACHINE\SOFTWARE`.
        SOFTWARE = "Software",
        /// `HKEY_LOCAL_MACHINE\SECURITY`.
        SECURITY = "Security",
        /// `HKEY_LOCAL_MACHINE\SAM`.
        SAM = "Sam",
    }

    /// The type of a registry value.
    pub enum RegistryValueType {
        /// None.
        NONE = "None",
        /// Text.
        STRING = "String",
        /// Text with environment variables.
        EXPANDED_STRING = "ExpandedString",
        /// Several texts.
        MULTI_STRING = "MultiString",
        /// Bytes.
        BINARY = "Binary",
        /// 32 bits.
        D_WORD = "DWord",
        /// 64 bits.
        Q_WORD = "QWord",
        /// Another, by its number.
        CUSTOM_TYPE = "CustomType",
    }
}
