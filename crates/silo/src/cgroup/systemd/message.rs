//! D-Bus messages, as far as the one conversation with systemd needs them.
//!
//! Source: D-Bus Specification, "Marshaling (Wire Format)" and "Message Protocol".

/// The first byte of every message: ours are little-endian, and so are those of a peer on the same machine.
const LITTLE: u8 = b'l';
const CALL: u8 = 1;
const RETURN: u8 = 2;
const ERROR: u8 = 3;
const SIGNAL: u8 = 4;
const PROTOCOL: u8 = 1;

/// Codes of the header fields.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;

/// The fixed part of a header: up to and with the length of its fields.
pub(super) const FIXED: usize = 16;
/// Longer than anything that systemd has to say to us.
const LONGEST: usize = 1 << 20;

/// A value of a message that grows. Alignment counts from the message's start; header and body both begin on 8.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn align(&mut self, to: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.align(4);
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.align(8);
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.u32(u32::from(value));
    }

    /// Of less than 4 GiB, as all that we send.
    pub(super) fn string(&mut self, text: &str) {
        self.u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
    }

    /// Of less than 256 bytes.
    pub(super) fn signature(&mut self, text: &str) {
        self.bytes.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
    }

    /// An array whose elements begin on a multiple of `align`. The padding before the first does not count as its own.
    pub(super) fn array(&mut self, align: usize, elements: impl FnOnce(&mut Self)) {
        self.u32(0);
        let length = self.bytes.len() - 4;
        self.align(align);
        let start = self.bytes.len();
        elements(self);
        let size = u32::try_from(self.bytes.len() - start).unwrap_or(u32::MAX);
        self.bytes[length..length + 4].copy_from_slice(&size.to_le_bytes());
    }

    /// `(sv)`: a property's name and its value of the type `signature`.
    pub(super) fn property(&mut self, name: &str, signature: &str, value: impl FnOnce(&mut Self)) {
        self.align(8);
        self.string(name);
        self.signature(signature);
        value(self);
    }

    /// `(yv)`: a header field with text in it.
    fn field(&mut self, code: u8, signature: &str, text: &str) {
        self.align(8);
        self.bytes.push(code);
        self.signature(signature);
        if signature == "g" { self.signature(text) } else { self.string(text) }
    }
}

/// A call of a method.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) destination: &'a str,
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
    pub(super) member: &'a str,
    pub(super) signature: &'a str,
    pub(super) body: Writer,
}

impl Call<'_> {
    /// The whole message.
    pub(super) fn encode(&self, serial: u32) -> Vec<u8> {
        let mut message = Writer { bytes: vec![LITTLE, CALL, 0, PROTOCOL] };
        message.u32(u32::try_from(self.body.bytes.len()).unwrap_or(u32::MAX));
        message.u32(serial);
        message.array(8, |fields| {
            fields.field(PATH, "o", self.path);
            fields.field(INTERFACE, "s", self.interface);
            fields.field(MEMBER, "s", self.member);
            fields.field(DESTINATION, "s", self.destination);
            fields.field(SIGNATURE, "g", self.signature);
        });
        message.align(8);
        message.bytes.extend_from_slice(&self.body.bytes);
        message.bytes
    }
}

/// What a message is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The answer to the call of this serial number.
    Return(u32),
    /// The refusal of that call, by name.
    Error(u32, String),
    /// Something happened: the member's name.
    Signal(String),
    /// Nothing for us.
    Other,
}

/// A message that has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: Kind,
    body: Vec<u8>,
}

/// How long a message is, by its fixed part. `None` for what is none of this protocol or too long.
pub(super) fn length(fixed: &[u8; FIXED]) -> Option<usize> {
    if fixed[0] != LITTLE || fixed[3] != PROTOCOL {
        return None;
    }
    let mut reader = Reader { bytes: fixed, at: 4 };
    let (body, _serial, fields) = (reader.size()?, reader.size()?, reader.size()?);
    let length = FIXED.checked_add(fields)?.checked_next_multiple_of(8)?.checked_add(body)?;
    (length <= LONGEST).then_some(length)
}

impl Message {
    /// `bytes`: a whole message, as long as [`length`] says. `None` for what breaks the protocol.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let fixed: &[u8; FIXED] = bytes.first_chunk()?;
        if bytes.len() != length(fixed)? {
            return None;
        }
        let mut reader = Reader { bytes, at: 4 };
        let body = bytes.len() - reader.size()?;
        reader.at = 12;
        let end = reader.size()?.checked_add(FIXED)?;
        let (mut serial, mut error, mut member) = (None, None, None);
        while reader.at < end {
            reader.align(8);
            let (code, signature) = (reader.byte()?, reader.signature()?);
            match (code, signature) {
                (REPLY_SERIAL, "u") => serial = Some(reader.u32()?),
                (ERROR_NAME, "s") => error = Some(reader.string()?.to_owned()),
                (MEMBER, "s") => member = Some(reader.string()?.to_owned()),
                (_, "s" | "o") => drop(reader.string()?),
                (_, "g") => drop(reader.signature()?),
                (_, "u") => drop(reader.u32()?),
                _ => return None,
            }
        }
        let kind = match bytes[1] {
            RETURN => Kind::Return(serial?),
            ERROR => Kind::Error(serial?, error?),
            SIGNAL => Kind::Signal(member?),
            _ => Kind::Other,
        };
        Some(Self { kind, body: bytes.get(body..)?.to_vec() })
    }

    /// The values of the body, to be read in their order.
    pub(super) fn body(&self) -> Reader<'_> {
        Reader { bytes: &self.body, at: 0 }
    }
}

/// Values of a message. Nothing outside of it is read, whatever it says of its lengths.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.align(4);
        Some(u32::from_le_bytes(*self.take(4)?.first_chunk()?))
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    fn text(&mut self, length: usize) -> Option<&'a str> {
        let text = std::str::from_utf8(self.take(length)?).ok()?;
        (self.byte()? == 0).then_some(text)
    }

    /// Also of an object's path.
    pub(super) fn string(&mut self) -> Option<&'a str> {
        let length = self.size()?;
        self.text(length)
    }

    pub(super) fn signature(&mut self) -> Option<&'a str> {
        let length = self.byte()?;
        self.text(length.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A message of systemd's, laid out by hand.
    fn message(kind: u8, fields: impl FnOnce(&mut Writer), body: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut values = Writer::default();
        body(&mut values);
        let mut message = Writer { bytes: vec![LITTLE, kind, 1, PROTOCOL] };
        message.u32(u32::try_from(values.bytes.len()).unwrap());
        message.u32(9);
        message.array(8, fields);
        message.align(8);
        message.bytes.extend_from_slice(&values.bytes);
        message.bytes
    }

    #[test]
    fn a_call_is_laid_out_as_the_specification_says() {
        let mut body = Writer::default();
        body.string("a");
        body.array(8, |all| all.property("N", "u", |value| value.u32(7)));
        let call =
            Call { destination: "d", path: "/p", interface: "i", member: "m", signature: "sa(sv)", body };
        let expected: &[&[u8]] = &[
            b"l\x01\x00\x01\x20\x00\x00\x00\x05\x00\x00\x00\x4c\x00\x00\x00",
            b"\x01\x01o\0\x02\x00\x00\x00/p\0\0\0\0\0\0",
            b"\x02\x01s\0\x01\x00\x00\x00i\0\0\0\0\0\0\0",
            b"\x03\x01s\0\x01\x00\x00\x00m\0\0\0\0\0\0\0",
            b"\x06\x01s\0\x01\x00\x00\x00d\0\0\0\0\0\0\0",
            b"\x08\x01g\0\x06sa(sv)\0\0\0\0\0",
            b"\x01\x00\x00\x00a\0\0\0\x10\x00\x00\x00\0\0\0\0",
            b"\x01\x00\x00\x00N\0\x01u\0\0\0\0\x07\x00\x00\x00",
        ];
        assert_eq!(call.encode(5), expected.concat());
    }

    #[test]
    fn answers_refusals_and_signals_are_told_apart() {
        let answer = message(
            RETURN,
            |fields| {
                fields.field(7, "s", ":1.2");
                fields.align(8);
                fields.bytes.push(REPLY_SERIAL);
                fields.signature("u");
                fields.u32(3);
            },
            |body| body.string("/job/4"),
        );
        let answer = Message::decode(&answer).unwrap();
        assert_eq!(answer.kind, Kind::Return(3));
        assert_eq!((answer.body().string(), answer.body().u32()), (Some("/job/4"), Some(6)));

        let refusal = message(
            ERROR,
            |fields| {
                fields.field(ERROR_NAME, "s", "org.x.Unit");
                fields.align(8);
                fields.bytes.push(REPLY_SERIAL);
                fields.signature("u");
                fields.u32(3);
            },
            |_| {},
        );
        assert_eq!(Message::decode(&refusal).unwrap().kind, Kind::Error(3, "org.x.Unit".into()));

        let signal = message(SIGNAL, |fields| fields.field(MEMBER, "s", "JobRemoved"), |body| body.u32(1));
        let signal = Message::decode(&signal).unwrap();
        assert_eq!(signal.kind, Kind::Signal("JobRemoved".into()));
        let mut body = signal.body();
        assert_eq!((body.u32(), body.string()), (Some(1), None));
    }

    #[test]
    fn a_length_that_no_answer_has_is_refused_before_its_bytes_come() {
        let mut fixed = [0; FIXED];
        fixed[..4].copy_from_slice(&[LITTLE, RETURN, 0, PROTOCOL]);
        assert_eq!(length(&fixed), Some(16));
        fixed[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(length(&fixed), None);
        fixed[4..8].fill(0);
        fixed[0] = b'B';
        assert_eq!(length(&fixed), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(
            kind in 0_u8..6,
            fields in proptest::collection::vec(any::<u8>(), 0..80),
            body in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let text = message(
                kind,
                |writer| writer.bytes.extend_from_slice(&fields),
                |writer| writer.bytes.extend_from_slice(&body),
            );
            if let Some(message) = Message::decode(&text) {
                let mut values = message.body();
                while values.string().is_some() && values.signature().is_some() {}
            }
        }
    }
}
