//! How an image's program is started.

use crate::error::{Result, invalid};
use crate::spec::Image;

/// A program with what surrounds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Launch {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Of Windows: `argv` is one text, the whole command line.
    pub is_line: bool,
    /// Variables, later ones in the place of earlier ones.
    pub environment: Vec<(String, String)>,
    /// The user inside.
    pub user: Option<String>,
    /// Where it starts.
    pub folder: Option<String>,
}

impl Image {
    /// How the image's program is started with these arguments, which take the place of its own command; an entry point
    /// stays, unless another is given (an empty one: none).
    ///
    /// # Errors
    /// An image that names no program; a variable that has no name.
    pub fn launch(&self, arguments: &[String], entrypoint: Option<&str>) -> Result<Launch> {
        let config = &self.config;
        let own = config.entrypoint.clone().unwrap_or_default();
        // Another entry point has nothing to do with the image's command.
        let (mut argv, command) = match entrypoint {
            None => (own, config.cmd.clone().unwrap_or_default()),
            Some("") => (Vec::new(), Vec::new()),
            Some(program) => (vec![program.to_owned()], Vec::new()),
        };
        let own_only = arguments.is_empty() && entrypoint.is_none();
        argv.extend(if arguments.is_empty() { command } else { arguments.to_vec() });
        if argv.first().is_none_or(String::is_empty) {
            let problem = "names no program to start; give one behind the image's name";
            return Err(invalid("the image's configuration", problem));
        }
        let variable = |text: &String| match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(invalid("the image's configuration", format!("has {text:?} among its variables"))),
        };
        let environment = config.env.iter().flatten().map(variable).collect::<Result<_>>()?;
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Ok(Launch {
            is_line: self.is_windows() && config.args_escaped && own_only && argv.len() == 1,
            argv,
            environment,
            user: some(&config.user),
            folder: some(&config.working_dir),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Config;

    fn argv(
        entrypoint: &[&str],
        cmd: &[&str],
        arguments: &[&str],
        given: Option<&str>,
    ) -> Option<Vec<String>> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let config =
            Config { entrypoint: Some(texts(entrypoint)), cmd: Some(texts(cmd)), ..Config::default() };
        let image = Image { config, ..Image::default() };
        image.launch(&texts(arguments), given).ok().map(|launch| launch.argv)
    }

    #[test]
    fn arguments_take_the_place_of_the_command_and_not_of_the_entry_point() {
        let some = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(argv(&["e"], &["c"], &[], None), some(&["e", "c"]));
        assert_eq!(argv(&["e"], &["c"], &["a"], None), some(&["e", "a"]));
        assert_eq!(argv(&[], &["c", "d"], &[], None), some(&["c", "d"]));
        assert_eq!(argv(&["e"], &["c"], &["a"], Some("")), some(&["a"]));
        assert_eq!(argv(&["e"], &["c"], &[], Some("x")), some(&["x"]));
        assert_eq!(argv(&[], &[], &[], None), None);
        assert_eq!(argv(&["e"], &["c"], &[], Some("")), None);
    }

    #[test]
    fn variables_have_names() {
        let of = |text: &str| {
            let config =
                Config { cmd: Some(vec!["x".into()]), env: Some(vec![text.into()]), ..Config::default() };
            Image { config, ..Image::default() }.launch(&[], None).map(|launch| launch.environment).ok()
        };
        assert_eq!(of("A=b=c"), Some(vec![("A".into(), "b=c".into())]));
        assert_eq!(of("A"), None);
        assert_eq!(of("=x"), None);
    }
}
