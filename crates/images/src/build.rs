//! Images from Dockerfiles: a subset whose every instruction is honoured; the rest is refused by name.
//!
//! The parser is ours: those that there are lose what counts here, the order of variables, the difference between the shell
//! form and the exec form, and the directive `escape`, which Dockerfiles for Windows need.
//!
//! Source: docker's "Dockerfile reference".

mod change;
mod copy;
mod parse;
mod words;

pub use change::change;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::change::Stage;
use self::parse::{Instruction, Keyword};
use crate::commit::Change;
use crate::error::{ImageError, Result, at};
use crate::launch::Launch;
use crate::reference::Reference;
use crate::spec::{Config, Descriptor, Platform};
use crate::store::{Documents, Entry, Store};

/// Bytes of a Dockerfile.
const MOST: u64 = 1 << 20;

/// How to build.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder from which COPY and ADD take files.
    pub context: PathBuf,
    /// The Dockerfile.
    pub file: PathBuf,
    /// Values of ARGs.
    pub arguments: BTreeMap<String, String>,
    /// For which system `FROM scratch` is.
    pub platform: Platform,
}

/// Runs programs in containers of images that are being built.
pub trait Runner {
    /// Why a program could not be run, or failed.
    type Error: From<ImageError>;

    /// Runs a program to its end in a container of this image. The result is what it wrote ([`Change::written`]), which
    /// stays until [`Runner::done`].
    ///
    /// # Errors
    /// A program that can't be run, or that ends with another code than 0.
    fn run(&mut self, documents: &Documents, launch: &Launch) -> Result<(PathBuf, u32), Self::Error>;

    /// What the last program wrote is not needed any more.
    ///
    /// # Errors
    /// What stays can't be removed.
    fn done(&mut self) -> Result<(), Self::Error>;

    /// The files that containers of this image see, top-most first; of a Windows image also those of the base.
    ///
    /// # Errors
    /// Layers that can't be unpacked.
    fn lowers(&mut self, documents: &Documents) -> Result<Vec<PathBuf>, Self::Error>;

    /// The next step.
    fn step(&mut self, number: usize, of: usize, text: &str);
}

impl Store {
    /// Builds an image and gives it a name.
    ///
    /// # Errors
    /// What is not known of the Dockerfile, with its line; a step that fails. There is no new image then.
    pub fn build<R: Runner>(
        &self,
        options: &Options,
        name: &Reference,
        runner: &mut R,
    ) -> Result<Entry, R::Error> {
        let _lock = self.adding()?;
        let text = read(&options.file)?;
        if options.context.join(".dockerignore").exists() {
            let what = options.context.display().to_string();
            return Err(
                crate::error::invalid(what, "has a .dockerignore, which is not read; remove it").into()
            );
        }
        let file = options.file.display().to_string();
        let instructions = parse::parse(&text).map_err(|problem| problem.at(&file))?;
        let mut build =
            Build { store: self, options, runner, stage: Stage::new(options.arguments.clone()), base: None };
        let of = instructions.len();
        for (number, instruction) in instructions.iter().enumerate() {
            build.runner.step(number + 1, of, &instruction.text);
            build.instruction(instruction).map_err(|failure| match failure {
                Failure::Problem(problem) => R::Error::from(problem.on(instruction.line).at(&file)),
                Failure::Image(error) => error.into(),
                Failure::Runner(error) => error,
            })?;
        }
        build.stage.unused().map_err(|problem| problem.at(&file))?;
        let Some(manifest) = build.base else {
            return Err(
                crate::error::invalid(file, "makes no image: it has no instruction behind FROM").into()
            );
        };
        Ok(self.name(name, &manifest, None)?)
    }
}

fn read(path: &Path) -> Result<String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = fs_err::File::open(path).map_err(at("open", path))?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(at("read", path))?;
    let what = path.display().to_string();
    if bytes.len() as u64 > MOST {
        return Err(ImageError::TooLarge { what, size: bytes.len() as u64, limit: MOST });
    }
    String::from_utf8(bytes).map_err(|_| crate::error::invalid(what, "is no text in UTF-8"))
}

/// Goes through a Dockerfile as far as that makes nothing, for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(crate) fn dry(text: &str, windows: bool) {
    let Ok(instructions) = parse::parse(text) else { return };
    let (mut stage, mut config) = (Stage::new(BTreeMap::new()), Config::default());
    for instruction in &instructions {
        let done = match instruction.keyword {
            Keyword::From => stage.from(instruction).map(|_| stage.begin(windows, &config)),
            Keyword::Arg => stage.argument(instruction),
            Keyword::Run => stage.launch(&config, instruction).map(drop),
            Keyword::Copy | Keyword::Add => stage.copy(&config, instruction).map(drop),
            _ => stage.change(&mut config, instruction),
        };
        if done.is_err() {
            return;
        }
    }
}

/// What is wrong with a Dockerfile, and where.
#[derive(Debug)]
pub(crate) struct Problem {
    line: usize,
    text: String,
}

impl Problem {
    fn new(text: impl Into<String>) -> Self {
        Self { line: 0, text: text.into() }
    }

    fn on(self, line: usize) -> Self {
        Self { line: if self.line == 0 { line } else { self.line }, ..self }
    }

    fn at(self, file: &str) -> ImageError {
        let what = if self.line == 0 { file.to_owned() } else { format!("{file} line {}:", self.line) };
        ImageError::Invalid { what, problem: self.text }
    }
}

/// Why an instruction failed.
enum Failure<E> {
    Problem(Problem),
    Image(ImageError),
    Runner(E),
}

impl<E> From<Problem> for Failure<E> {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl<E> From<ImageError> for Failure<E> {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

struct Build<'a, R: Runner> {
    store: &'a Store,
    options: &'a Options,
    runner: &'a mut R,
    stage: Stage,
    /// The image so far.
    base: Option<Descriptor>,
}

impl<R: Runner> Build<'_, R> {
    fn instruction(&mut self, instruction: &Instruction) -> Result<(), Failure<R::Error>> {
        match instruction.keyword {
            Keyword::From => return self.from(instruction),
            Keyword::Arg => return Ok(self.stage.argument(instruction)?),
            _ if !self.stage.begun => return Err(Problem::new("FROM comes first").into()),
            _ => {}
        }
        match instruction.keyword {
            Keyword::Run => self.run(instruction),
            Keyword::Copy | Keyword::Add => self.copy(instruction),
            _ => {
                let mut config = self.config()?;
                self.stage.change(&mut config, instruction)?;
                self.compose(config, None, &instruction.text)
            }
        }
    }

    fn from(&mut self, instruction: &Instruction) -> Result<(), Failure<R::Error>> {
        if self.stage.begun {
            return Err(Problem::new("a second FROM: builds of several stages are not supported").into());
        }
        let name = self.stage.from(instruction)?;
        let windows = if name == "scratch" {
            self.options.platform.os == "windows"
        } else {
            let manifest = self.store.find(&name)?.manifest;
            let documents = self.store.documents(&manifest)?;
            self.base = Some(manifest);
            documents.image.is_windows()
        };
        let config = self.config()?;
        self.stage.begin(windows, &config);
        Ok(())
    }

    fn config(&self) -> Result<Config> {
        self.base
            .as_ref()
            .map_or_else(|| Ok(Config::default()), |base| Ok(self.store.documents(base)?.image.config))
    }

    fn documents(&self) -> Result<Documents> {
        match &self.base {
            Some(base) => self.store.documents(base),
            None => Ok(crate::commit::empty(&self.options.platform)),
        }
    }

    fn compose(
        &mut self,
        config: Config,
        written: Option<(PathBuf, u32)>,
        created_by: &str,
    ) -> Result<(), Failure<R::Error>> {
        let change = Change {
            base: self.base.clone(),
            platform: self.options.platform.clone(),
            written,
            config: Some(config),
            created_by: created_by.to_owned(),
            ..Change::default()
        };
        self.base = Some(self.store.compose(&change)?.manifest);
        Ok(())
    }

    fn run(&mut self, instruction: &Instruction) -> Result<(), Failure<R::Error>> {
        let config = self.config()?;
        let launch = self.stage.launch(&config, instruction)?;
        let documents = self.documents()?;
        let written = self.runner.run(&documents, &launch).map_err(Failure::Runner)?;
        let composed = self.compose(config, Some(written), &instruction.text);
        let done = self.runner.done().map_err(Failure::Runner);
        composed.and(done)
    }

    fn copy(&mut self, instruction: &Instruction) -> Result<(), Failure<R::Error>> {
        let config = self.config()?;
        let copy = self.stage.copy(&config, instruction)?;
        let lowers = self.runner.lowers(&self.documents()?).map_err(Failure::Runner)?;
        let work = self.store.work_folder("copy")?;
        let upper = work.path().join("upper");
        fs_err::create_dir(&upper).map_err(at("make", &upper))?;
        copy::copy(&copy, &self.options.context, &lowers, &upper)?;
        self.compose(config, Some((upper, 0)), &instruction.text)
    }
}
