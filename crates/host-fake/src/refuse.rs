//! Nothing is silently ignored: what a document has and this fake can't honour is refused by its name, in the words
//! and with the codes of the engine on Linux.

use hcs_contract::{Error, Hresult, Result, reading};
use hcs_schema::{Document, Member, MemberType};
use serde_json::Value;

use crate::violation::{Violation, Violations};

/// Reads documents, and breaks the rules that it was told to break.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a Violations);

impl Reader<'_> {
    pub(crate) fn breaks(self, violation: Violation) -> bool {
        self.0.has(violation)
    }

    /// Reads a document that must not have members that this version does not know.
    ///
    /// # Errors
    /// Invalid document, with line and column, or with the paths of the unknown members.
    pub(crate) fn parse<T: Document + MemberType>(self, text: &str) -> Result<T> {
        let document = self.parse_open::<T>(text)?;
        self.no_unknown(&document)?;
        Ok(document)
    }

    /// The same, where unknown members are looked at later.
    pub(crate) fn parse_open<T: Document + MemberType>(self, text: &str) -> Result<T> {
        let document: T = reading::read(text).map_err(|error| self.broken(error))?;
        if self.breaks(Violation::NamesCaseSensitive) || self.breaks(Violation::NullListRefused) {
            self.pick_on(T::MEMBERS, text)?;
        }
        Ok(document)
    }

    pub(crate) fn no_unknown<T: MemberType>(self, document: &T) -> Result<()> {
        if self.breaks(Violation::UnknownMembersAccepted) { Ok(()) } else { reading::no_unknown(document) }
    }

    /// The same for a parameter that may be the empty text, which means the empty document.
    pub(crate) fn parse_options<T: Document + MemberType>(self, text: &str) -> Result<T> {
        if text.trim().is_empty() { Ok(T::default()) } else { self.parse(text) }
    }

    /// The members of a document, before it is known which it is.
    pub(crate) fn members(self, text: &str) -> Result<serde_json::Map<String, Value>> {
        hcs_schema::from_json(text).map_err(|error| self.broken(error.into()))
    }

    /// Options of an operation that knows none.
    pub(crate) fn no_options(self, text: &str) -> Result<()> {
        if text.trim().is_empty() {
            return if self.breaks(Violation::EmptyOptionsRefused) {
                Err(Error::invalid_document("", "there are no options"))
            } else {
                Ok(())
            };
        }
        // What is broken is broken also to those who ignore options.
        self.members(text)?;
        if self.breaks(Violation::OptionsIgnored) { Ok(()) } else { reading::no_options(text) }
    }

    /// Refuses a member unless it is absent, empty or its type's default.
    pub(crate) fn unless_default<T: MemberType>(
        self,
        path: &str,
        value: &T,
        reason: &'static str,
    ) -> Result<()> {
        if reading::is_unset(value) { Ok(()) } else { self.no(path, reason) }
    }

    /// The same for a part that may be there with nothing in it.
    pub(crate) fn unless_empty_part<T: MemberType>(
        self,
        path: &str,
        part: Option<&T>,
        reason: &'static str,
    ) -> Result<()> {
        part.map_or(Ok(()), |part| self.unless_default(path, part, reason))
    }

    /// The same for JSON that is carried as it is.
    pub(crate) fn unless_null(self, path: &str, value: &Value, reason: &'static str) -> Result<()> {
        if reading::is_unset_json(value) { Ok(()) } else { self.no(path, reason) }
    }

    /// The refusal of a member.
    pub(crate) fn no(self, path: &str, reason: &'static str) -> Result<()> {
        if self.breaks(Violation::UnsupportedMembersIgnored) {
            Ok(())
        } else if self.breaks(Violation::UnsupportedGivesWrongCode) {
            Err(Error::invalid_document(path, reason))
        } else {
            Err(Error::not_supported(path.to_owned(), reason))
        }
    }

    fn broken(self, error: Error) -> Error {
        if self.breaks(Violation::BrokenJsonGivesWrongCode) {
            error.with_hresult(Hresult::E_INVALIDARG)
        } else {
            error
        }
    }

    fn pick_on(self, known: &[Member], text: &str) -> Result<()> {
        for (name, value) in self.members(text)? {
            let exact = known.iter().any(|member| member.name == name);
            if self.breaks(Violation::NamesCaseSensitive) && !exact {
                return Err(Error::invalid_document(name, "this member is not known; check its spelling"));
            }
            if self.breaks(Violation::NullListRefused) && value.is_null() {
                return Err(Error::invalid_document(name, "it is null"));
            }
        }
        Ok(())
    }
}
