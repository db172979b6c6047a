//! Backup streams, the buffers in them, and archives on their way into layers.

use std::io::{Read as _, Write as _};

use hcs_layers::backup::{Event, Push, Reader, StreamHeader, Writer};
use hcs_layers::reparse::Reparse;
use hcs_layers::tar::{Export, Import, Source, Unpack};
use hcs_layers::{LayerOptions, LayerReader, LayerWriter, diff, ea, inspect, security, transport};

/// Bytes of holes that are worth being written out.
const HOLES: u64 = 1 << 22;

/// A byte, then backup streams. Read at once and in pieces of so many bytes they are the same, and written again too.
///
/// # Panics
/// When they are not.
pub fn backup_stream(bytes: &[u8]) {
    let Some((piece, bytes)) = bytes.split_first() else { return };
    let whole = read(bytes);
    let pieces = push(bytes, usize::from(*piece).max(1));
    assert_eq!(whole, pieces, "in pieces it is something else");
    let Some(streams) = whole else { return };
    let mut writer = Writer::new(Vec::new());
    for (header, content) in &streams {
        writer.begin(header).expect("a header that was read can be written");
        writer.write_all(content).expect("it has room for its content");
    }
    assert_eq!(writer.finish().expect("all is there"), bytes);
}

fn read(bytes: &[u8]) -> Option<Vec<(StreamHeader, Vec<u8>)>> {
    let (mut reader, mut streams) = (Reader::new(bytes), Vec::new());
    while let Some(header) = reader.next().ok()? {
        let mut content = Vec::new();
        reader.read_to_end(&mut content).ok()?;
        streams.push((header, content));
    }
    Some(streams)
}

fn push(bytes: &[u8], piece: usize) -> Option<Vec<(StreamHeader, Vec<u8>)>> {
    let (mut push, mut streams) = (Push::new(), Vec::<(StreamHeader, Vec<u8>)>::new());
    for mut piece in bytes.chunks(piece) {
        while !piece.is_empty() {
            match push.take(&mut piece).ok()? {
                Some(Event::Begin(header)) => streams.push((header, Vec::new())),
                Some(Event::Bytes(bytes)) => streams.last_mut()?.1.extend(bytes),
                None => assert!(piece.is_empty(), "it wants more and leaves some"),
            }
        }
    }
    push.finish().ok().map(|()| streams)
}

/// Any bytes as each of the buffers that a stream may hold: what was read is the same when it is written and read again.
///
/// # Panics
/// When it is not.
pub fn stream_buffers(bytes: &[u8]) {
    let _ = security::check(bytes);
    if let Ok(all) = ea::decode(bytes) {
        let again = ea::encode(&all).expect("what was read can be written");
        assert_eq!(ea::decode(&again).as_ref(), Ok(&all));
    }
    if let Ok(reparse) = Reparse::decode(bytes) {
        let _ = reparse.target();
        // Names that overlap in the buffer may not fit when they stand beside each other.
        if let Ok(again) = reparse.encode() {
            assert_eq!(Reparse::decode(&again), Ok(reparse));
        }
    }
}

/// A byte of options, then a tar, whose checksums are put right. If a layer can be made of it, of a Windows image or by an
/// option of a Linux one, the layer gives the tar again; and the layer's own form makes a layer that gives that form again, without a record.
///
/// # Panics
/// When it does not, or when something is made outside of the layer.
pub fn tar_to_layer(bytes: &[u8]) {
    let Some((flags, tar)) = bytes.split_first() else { return };
    let mut tar = tar.to_vec();
    crate::images::set_checksums(&mut tar);
    let place = tempfile::tempdir().expect("there is a folder for temporary files");
    let base = place.path().join("base");
    let layer = LayerWriter::create(&base, LayerOptions::default()).expect("an empty folder");
    layer.finish().expect("an empty layer");
    let upper = |name: &str, tar: &[u8], optional: bool| {
        let path = place.path().join(name);
        let parents = if flags & 1 == 0 { vec![base.clone()] } else { Vec::new() };
        let import = Import::new().parents(parents).end_is_optional(optional);
        import.run(Source::from_reader(tar), &path, |_| {}).map(|report| (path, report))
    };
    if flags & 4 != 0 {
        let path = place.path().join("linux");
        let made = Unpack::new().run(Source::from_reader(&tar[..]), &path, |_| {});
        let entries = fs_err::read_dir(place.path()).expect("the folder").count();
        assert_eq!(entries, if made.is_ok() { 2 } else { 1 }, "something is outside, or left of a failure");
        if made.is_ok() {
            let mut again = Vec::new();
            Export::new().run(&path, &mut again, |_| {}).expect("what was unpacked can be exported");
            assert!(again == tar, "it is another tar");
        }
        return;
    }
    let made = upper("layer", &tar, flags & 2 != 0);
    let entries = fs_err::read_dir(place.path()).expect("the folder").count();
    assert_eq!(entries, if made.is_ok() { 2 } else { 1 }, "something is outside, or left of a failure");
    let Ok((path, _)) = made else { return };
    let mut again = Vec::new();
    Export::new().run(&path, &mut again, |_| {}).expect("what was imported can be exported");
    assert!(again == tar, "it is another tar");
    let summary = inspect(&path, true).expect("a whole layer");
    if summary.size > HOLES {
        return; // holes would become bytes
    }
    let mut ours = Vec::new();
    Export::new().canonical(true).run(&path, &mut ours, |_| {}).expect("it has our form too");
    let (path, report) = upper("ours", &ours, false).expect("our form can be imported");
    assert!(report.canonical, "our form needs a record");
    let mut again = Vec::new();
    Export::new().run(&path, &mut again, |_| {}).expect("our form can be exported");
    assert!(again == ours, "our form is not the same again");
}

/// A byte of options, the lengths of a list of tombstones and of a file's carrier in 16 bits each, those two, and what is left
/// is a folder's carrier. If a layer can be made of such a transport folder, it gives a folder that makes the same layer.
///
/// # Panics
/// When it does not, or when a failure leaves something.
pub fn transport_folder(bytes: &[u8]) {
    let [flags, a, b, c, d, rest @ ..] = bytes else { return };
    let length = |low: &u8, high: &u8| usize::from(u16::from_le_bytes([*low, *high]));
    let (list, rest) = rest.split_at(length(a, b).min(rest.len()));
    let (file, folder) = rest.split_at(length(c, d).min(rest.len()));
    let place = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = |name: &str| place.path().join(name);
    let layer = LayerWriter::create(&path("base"), LayerOptions::default()).expect("an empty folder");
    layer.finish().expect("an empty layer");
    fs_err::create_dir_all(path("in/Files/d")).expect("a new folder");
    for (name, content) in [("tombstones.txt", list), ("Files/d/f", file), ("Files/d.$wcidirs$", folder)] {
        fs_err::write(path("in").join(name), content).expect("a new file");
    }
    let parents = || if flags & 1 == 0 { vec![path("base")] } else { Vec::new() };
    let made = transport::import(&path("in"), &path("one"), parents());
    assert_eq!(path("one").exists(), made.is_ok(), "something is left of a failure");
    if made.is_err() || inspect(&path("one"), true).expect("a whole layer").size > HOLES {
        return;
    }
    let mut layer = LayerReader::open(&path("one")).expect("what was imported can be read");
    transport::export(&mut layer, &path("out")).expect("what was imported can be exported");
    transport::import(&path("out"), &path("two"), parents()).expect("what was exported can be imported");
    assert_eq!(diff(&path("one"), &path("two")).expect("two layers"), [], "it is another layer");
}
