//! `hcs image` and `hcs commit`: options.

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};

use super::values::{self, Pair};

#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    Ls(Ls),
    Inspect(Inspect),
    Pull(Pull),
    Push(Push),
    Load(Load),
    Save(Save),
    Tag(Tag),
    Rm(Rm),
    /// Make an image of what a stopped container wrote
    ///
    /// Of containers of images, and of those made with --keep-scratch. What lies in volumes is left out, and of Windows
    /// containers the registry. Prints the image's name with its digest.
    Commit(Commit),
    Build(Build),
    Export(Export),
    Mount(Mount),
    Fsck(Fsck),
}

/// List images
#[derive(Args, Debug)]
#[command(visible_alias = "list", after_help = "Example:\n  hcs image ls --format json")]
pub(crate) struct Ls {
    /// Names only
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Show all that is known about images
///
/// Prints a JSON array, one object per name, also without --format json.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs image inspect debian:12")]
pub(crate) struct Inspect {
    /// Names of images, or the first digits of their digests
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
}

// How to speak to a registry.
#[derive(Args, Debug)]
#[command(next_help_heading = "Registry")]
pub(crate) struct Registry {
    /// Speak to the registry without TLS; to one on this machine's loopback that is done anyway
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// Trust the authorities whose certificates are in this file (PEM) too
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// How long the registry may be silent, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) silence: u64,
}

/// Get an image from a registry
///
/// What an attempt that broke off has got is gone on with. Logins are those that `docker login`, `podman login` and
/// `skopeo login` write. Prints the image's name with its digest.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  hcs image pull debian:12\n  hcs image pull --platform windows/amd64 localhost:5000/app:1"
)]
pub(crate) struct Pull {
    /// The image: REGISTRY/PATH:TAG@DIGEST; the path alone is enough
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// For which system, when there are several: OS/ARCHITECTURE[/VERSION]; Linux for this processor, or else Windows
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<String>,
    /// Only get it: unpack when it is run
    #[arg(long)]
    pub(crate) no_unpack: bool,
    #[command(flatten)]
    pub(crate) registry: Registry,
}

/// Send an image to a registry
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs image push app:1 localhost:5000/app:1")]
pub(crate) struct Push {
    /// The image
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// Its name there; its name here when not given
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) registry: Registry,
}

/// Load images from an archive or a folder
///
/// From OCI layouts, as folders or tars, and docker's archives; also compressed. Prints the images' names.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  hcs image load -i debian.tar\n  docker save app:1 | hcs image load")]
pub(crate) struct Load {
    /// The archive or folder; standard input when not given, or -
    #[arg(short, long, value_name = "PATH")]
    pub(crate) input: Option<PathBuf>,
    /// The image's name, for one that the archive gives none
    #[arg(long, value_name = "IMAGE")]
    pub(crate) name: Option<String>,
    /// For which system, when there are several
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<String>,
    /// Only load it: unpack when it is run
    #[arg(long)]
    pub(crate) no_unpack: bool,
}

/// Save images to an archive or a folder
///
/// The archive is an OCI layout and docker's form at once. Equal images make equal archives.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  hcs image save -o app.tar app:1\n  hcs image save --layout -o ./app app:1"
)]
pub(crate) struct Save {
    /// Names of images
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
    /// The archive; - is standard output
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: PathBuf,
    /// Make an OCI layout in a folder, which is new or empty
    #[arg(long)]
    pub(crate) layout: bool,
}

/// Give an image one more name
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs image tag app:1 localhost:5000/app:latest")]
pub(crate) struct Tag {
    /// The image
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// The name
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

/// Remove images
///
/// With an image's last name goes all that no other image needs. One that containers stand on is not removed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs image rm app:1")]
pub(crate) struct Rm {
    /// Names of images
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs run --name made debian:12 touch /made && hcs commit made mine:1")]
pub(crate) struct Commit {
    /// Name of the container
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Name of the image
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// A remark in its history
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// Change how its program is started, by an instruction of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, SHELL,
    /// STOPSIGNAL, USER, VOLUME or WORKDIR
    #[arg(short, long, value_name = "INSTRUCTION", action = ArgAction::Append)]
    pub(crate) change: Vec<String>,
}

/// Build an image from a Dockerfile
///
/// Each RUN runs in a container of this host, which has loopback only. ADD (local files), ARG, CMD, COPY, ENTRYPOINT, ENV,
/// EXPOSE, FROM, LABEL, RUN, SHELL, STOPSIGNAL, USER, VOLUME and WORKDIR are honoured, one stage of them; everything else
/// is refused by name. FROM names an image that is here; `FROM scratch` with --platform windows/amd64 stands on the Windows
/// base. Nothing is taken from an earlier build.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs image build -t app:1 ./app")]
pub(crate) struct Build {
    /// The folder with the files that COPY and ADD take
    #[arg(value_name = "DIR")]
    pub(crate) context: PathBuf,
    /// Name of the image
    #[arg(short, long, value_name = "IMAGE")]
    pub(crate) tag: String,
    /// The Dockerfile [default: Dockerfile in DIR]
    #[arg(short, long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// Give an ARG a value; NAME alone passes on the variable of that name
    #[arg(long = "build-arg", value_name = "NAME[=VALUE]", action = ArgAction::Append, value_parser = values::variable)]
    pub(crate) arguments: Vec<Pair>,
    /// For which system FROM scratch is: linux/amd64 or windows/amd64
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<String>,
}

/// Write a Linux image as a file system of ext4
///
/// The root that all its layers make; or one layer, whose whiteouts are those of overlays.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs image export --ext4 -o root.img debian:12")]
pub(crate) struct Export {
    /// The image
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// The only form that there is
    #[arg(long, required = true)]
    pub(crate) ext4: bool,
    /// The file
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: PathBuf,
    /// One layer, the lowest being 1
    #[arg(long, value_name = "NUMBER")]
    pub(crate) layer: Option<usize>,
    /// Add a tree of hashes for dm-verity; its root is printed
    #[arg(long)]
    pub(crate) verity: bool,
}

/// Mount an image's files, for reading
///
/// Of a Windows image those of its drive, without Windows itself. `umount DIR` takes it away.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs image mount debian:12 /mnt && umount /mnt")]
pub(crate) struct Mount {
    /// The image
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// The folder
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// Check all images and what they are made of
///
/// Reads every blob. Ends with 125 when something is wrong.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs image fsck --repair")]
pub(crate) struct Fsck {
    /// Take away what is damaged, so that a pull brings it again, and what no image needs
    #[arg(long)]
    pub(crate) repair: bool,
}
