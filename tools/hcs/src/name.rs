//! Names for containers that were given none.

use rustix::rand::{GetRandomFlags, getrandom};

use crate::failure::Failure;

/// `hcs-` and eight hexadecimal digits of chance.
pub(crate) fn made_up() -> Result<String, Failure> {
    let mut bytes = [0_u8; 4];
    // So few bytes come whole, or not at all.
    getrandom(&mut bytes, GetRandomFlags::empty())
        .map_err(|errno| Failure::System { step: "make up a name", source: errno.into() })?;
    Ok(format!("hcs-{:08x}", u32::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_differ() {
        let names = [super::made_up().unwrap(), super::made_up().unwrap()];
        assert_ne!(names[0], names[1]);
        assert!(names.iter().all(|name| name.len() == 12 && name.starts_with("hcs-")), "{names:?}");
    }
}
