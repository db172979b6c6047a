//! `docs/symbols/ext4.tsv`: each symbol of the Go package has its counterpart, which compiles, and is found in the
//! documentation by its Go name.

/// Compiles each path, and keeps it as text.
macro_rules! paths {
    ($($name:literal: $path:path = $text:literal in $file:literal,)*) => {
        $(const _: () = { #[allow(unused_imports, reason = "that it is there is what counts")] use $path as _; };)*
        const ROWS: &[(&str, &str, &str)] = &[$(($name, $text, include_str!($file)),)*];
    };
}

paths! {
    "AppendVhdFooter": hcs_ext4::vhd::append = "hcs_ext4::vhd::append" in "../src/vhd.rs",
    "Convert": hcs_ext4::Convert = "hcs_ext4::Convert" in "../src/convert.rs",
    "ConvertWhiteout": hcs_ext4::Whiteouts = "hcs_ext4::Whiteouts::Overlay" in "../src/convert.rs",
    "InlineData": hcs_ext4::Options = "hcs_ext4::Options::inline_data()" in "../src/write/options.rs",
    "MaximumDiskSize": hcs_ext4::Options = "hcs_ext4::Options::maximum_size()" in "../src/write/options.rs",
    "Option": hcs_ext4::Options = "hcs_ext4::Options" in "../src/write/options.rs",
}

#[test]
fn every_symbol_has_its_row_its_path_and_its_name_in_the_documentation() {
    // The two methods and the variant: that they are there, the compiler says.
    let _ = (hcs_ext4::Whiteouts::Overlay, hcs_ext4::Options::new().inline_data(true).maximum_size(1));
    let table = include_str!("../../../docs/symbols/ext4.tsv");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), ROWS.len());
    for (row, (name, path, source)) in rows.iter().zip(ROWS) {
        assert_eq!(row[..], ["ext4/tar2ext4", row[1], name, "done", path]);
        let own = path.ends_with(&format!("::{name}"));
        assert!(
            own || source.contains(&format!("#[doc(alias = \"{name}\")]")),
            "{name} is not found by a search"
        );
    }
}
