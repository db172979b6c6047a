//! Writable layers: made, expanded, mounted, shown, and all of it undone.

use std::path::{Path, PathBuf};

use hcs_contract::{Deadline, Error, Hresult, LayerDescriptor, Result};
use hcs_fault::Point;
use rustix::fs::Mode;
use rustix::io::Errno;

use super::error::{busy, io, not_ready, object, os};
use super::layer::{self, DISK, FILES, Kind, MARK, Mark, WORK};
use super::volume::{self, State, Volume};
use super::{disk, mount, users};
use crate::paths::Layout;

/// One call on a writable layer.
pub(super) struct Call<'a> {
    pub(super) layout: &'a Layout,
    pub(super) deadline: Deadline,
}

impl Call<'_> {
    /// Makes one, in a folder that is new or empty, or that a killed call left.
    pub(super) fn create(&self, layer: &str, parents: &[LayerDescriptor]) -> Result<()> {
        if parents.is_empty() {
            let reason = "a writable layer needs at least one read-only layer below it";
            return Err(Error::invalid_argument("parents", reason));
        }
        let parents = layer::parents(parents)?;
        let layer = layer::real(layer)?;
        self.with(&layer, |volume| {
            if volume.state()?.is_some()
                || Kind::of(&layer)?.is_some_and(|kind| matches!(kind, Kind::Writable(_)))
            {
                return Err(Error::already_exists(object(&layer)));
            }
            match rustix::fs::mkdir(&layer, Mode::from_raw_mode(0o755)) {
                Ok(()) => {}
                Err(Errno::EXIST) => clear_unfinished(&layer)?,
                Err(errno) => return Err(os("make", &layer, errno)),
            }
            hcs_fault::step(Point::LayerStep);
            make_folders(&layer)?;
            hcs_fault::step(Point::LayerStep);
            // Last: without it there is no layer.
            Mark::new(parents.clone(), None).write(&layer)
        })
    }

    pub(super) fn expand(&self, layer: &str, bytes: u64) -> Result<()> {
        let layer = layer::real(layer)?;
        let size = disk::size(bytes)?;
        self.with(&layer, |volume| {
            let Some(mark) = mark(volume, &layer)? else {
                return Err(Error::invalid_argument("layer", "only writable layers have a size"));
            };
            if volume.state()?.is_some() {
                return Err(busy(&layer, "it is activated; deactivate it first"));
            }
            let image = layer.join(DISK);
            match mark.size {
                // What is less than the smallest is as much as that, so sizes are compared, and not wishes.
                Some(now) if size < now => {
                    let reason = format!("{bytes} bytes are less than the {now} that it has");
                    return Err(Error::invalid_argument("size", reason));
                }
                Some(_) => disk::grow(&image, size)?,
                None if !is_empty(&layer.join(FILES))? => {
                    return Err(Error::invalid_state(
                        object(&layer),
                        "it was used without a size, and its files lie on the host's disk",
                    )
                    .with_hint("expand a writable layer before it is used"));
                }
                None => disk::make(&image, size)?,
            }
            hcs_fault::step(Point::LayerStep);
            Mark::new(mark.parents, Some(size)).write(&layer)
        })
    }

    /// Whether it was not activated before.
    pub(super) fn activate(&self, layer: &str) -> Result<bool> {
        let layer = layer::real(layer)?;
        self.with(&layer, |volume| {
            let Some(mark) = mark(volume, &layer)? else { return Ok(false) };
            let new = volume.state()?.is_none();
            if new {
                volume.set(&volume.new_state()?)?;
            }
            hcs_fault::step(Point::LayerStep);
            if mark.size.is_none() {
                return Ok(new);
            }
            // Also when it was killed right behind the state.
            let shown = show_disk(volume);
            if shown.is_err() {
                hide_disk(volume)?;
                volume.unset()?;
            }
            shown.map(|()| new)
        })
    }

    pub(super) fn prepare(&self, layer: &str, parents: &[LayerDescriptor]) -> Result<()> {
        self.show(layer, parents, Volume::target)
    }

    /// As the storage filter of computestorage shows it: in its own folder.
    pub(super) fn attach(&self, layer: &str, parents: &[LayerDescriptor]) -> Result<()> {
        let new = self.activate(layer)?;
        let shown = self.show(layer, parents, |volume| volume.layer.clone());
        if shown.is_err() && new {
            // The failure that led here is the one to report; another call may have shown it meanwhile.
            let _ = self.deactivate(layer);
        }
        shown
    }

    fn show(
        &self,
        layer: &str,
        parents: &[LayerDescriptor],
        target: impl Fn(&Volume) -> PathBuf,
    ) -> Result<()> {
        let layer = layer::real(layer)?;
        self.with(&layer, |volume| {
            let Some(mark) = mark(volume, &layer)? else { return Ok(()) };
            let Some(mut state) = volume.state()? else {
                return Err(not_ready(&layer, "it is not activated"));
            };
            if mark.size.is_some() && !mounted(&volume.disk())? {
                return Err(not_ready(&layer, "its activation was not finished; activate it again"));
            }
            // By the same names they were looked at when the layer was made.
            let given = parents.iter().map(|parent| Path::new(&parent.path));
            let parents = if given.eq(mark.parents.iter().map(PathBuf::as_path)) {
                mark.parents.clone()
            } else {
                layer::parents(parents)?
            };
            if parents != mark.parents {
                let reason = format!("{parents:?} are not those that it was made with, {:?}", mark.parents);
                return Err(Error::invalid_argument("parents", reason));
            }
            if shown(&state)? {
                if state.prepared {
                    return Err(Error::already_exists(object(&layer)).with_hint("unprepare it first"));
                }
                // Whoever mounted it was killed over it.
                hide(&layer, &state)?;
            }
            state.target = target(volume);
            state.parents.clone_from(&parents);
            if state.target == volume.target() {
                volume::make_folder(&state.target, Mode::RWXU)?;
            }
            volume.set(&state)?;
            hcs_fault::step(Point::LayerStep);
            let upper = if mark.size.is_some() { volume.disk() } else { layer.clone() };
            let lowers = parents.iter().map(|parent| layer::lower(parent)).collect::<Result<Vec<_>>>()?;
            for lower in &lowers {
                if !lower.is_dir() {
                    return Err(Error::from_hresult(Hresult::HCS_E_INVALID_LAYER)
                        .with_message(format!("{} is no folder", lower.display())));
                }
            }
            let mounted = mount::overlay(&lowers, &upper.join(FILES), &upper.join(WORK), &state.target);
            mounted.map_err(|errno| os("mount the overlay of", &layer, errno))?;
            hcs_fault::step(Point::LayerStep);
            state.prepared = true;
            volume.set(&state)
        })
    }

    pub(super) fn unprepare(&self, layer: &str) -> Result<()> {
        let layer = layer::real(layer)?;
        self.with(&layer, |volume| {
            let Some(mut state) = volume.state()? else {
                mark(volume, &layer)?.map_or(Ok(()), |_| Err(not_ready(&layer, "it is not activated")))?;
                return Ok(());
            };
            if !shown(&state)? {
                return Err(not_ready(&layer, "it is not prepared"));
            }
            if let Some(id) = users::living(self.layout, &volume.users())? {
                let state = format!("the container {id} uses its volume");
                return Err(Error::invalid_state(object(&layer), state).with_hresult(Hresult::ERROR_BUSY));
            }
            for point in &state.points {
                if mount::is_overlay(point).map_err(|errno| os("look at", point, errno))? {
                    return Err(busy(&layer, "it is shown at a mount point; remove that first"));
                }
            }
            hide(&layer, &state)?;
            hcs_fault::step(Point::LayerStep);
            (state.prepared, state.points) = (false, Vec::new());
            volume.set(&state)
        })
    }

    /// Shows a prepared layer at another folder too.
    pub(super) fn add_point(&self, layer: &str, point: &Path) -> Result<()> {
        let layer = layer::real(layer)?;
        let point = fs_err::canonicalize(point).map_err(|error| io("find the mount point", point, error))?;
        self.with(&layer, |volume| {
            let state = volume.state()?.filter(|state| state.prepared);
            let Some(mut state) = state else { return Err(not_ready(&layer, "it is not prepared")) };
            // First the name: a mount that nobody knows of would keep the layer in use.
            state.points.push(point.clone());
            volume.set(&state)?;
            rustix::mount::mount_bind(&state.target, &point).map_err(|errno| os("mount at", &point, errno))
        })
    }

    /// Undoes [`Call::add_point`].
    pub(super) fn remove_point(&self, layer: &str, point: &Path) -> Result<()> {
        let layer = layer::real(layer)?;
        let point = fs_err::canonicalize(point).map_err(|error| io("find the mount point", point, error))?;
        self.with(&layer, |volume| {
            let state = volume.state()?.filter(|state| state.points.contains(&point));
            let shown = mount::is_overlay(&point).map_err(|errno| os("look at", &point, errno))?;
            let Some(mut state) = state.filter(|_| shown) else {
                let reason = format!("{} is no mount point of the layer", point.display());
                return Err(Error::invalid_argument("mount point", reason));
            };
            mount::detach(&point).map_err(|errno| in_use(&layer, &point, errno))?;
            state.points.retain(|known| *known != point);
            volume.set(&state)
        })
    }

    pub(super) fn deactivate(&self, layer: &str) -> Result<()> {
        let layer = layer::real(layer)?;
        self.with(&layer, |volume| {
            let Some(state) = volume.state()? else {
                mark(volume, &layer)?.map_or(Ok(()), |_| Err(not_ready(&layer, "it is not activated")))?;
                return Ok(());
            };
            if shown(&state)? {
                if state.prepared {
                    return Err(busy(&layer, "it is prepared; unprepare it first"));
                }
                hide(&layer, &state)?;
            }
            hide_disk(volume)?;
            hcs_fault::step(Point::LayerStep);
            volume.unset()
        })
    }

    /// Undoes [`Call::attach`], also what one that was killed or that failed halfway left.
    pub(super) fn detach(&self, layer: &str) -> Result<()> {
        let real = layer::real(layer)?;
        let prepared = self.with(&real, |volume| {
            volume.state()?.map_or(Ok(false), |state| Ok(state.prepared && shown(&state)?))
        })?;
        if prepared {
            self.unprepare(layer)?;
        }
        self.deactivate(layer)
    }

    /// Where it is seen.
    pub(super) fn mount_path(&self, layer: &str) -> Result<String> {
        let real = layer::real(layer)?;
        let mut path = layer.to_owned();
        self.with(&real, |volume| {
            if volume.state()?.is_some() {
                path = volume::name(volume.guid);
            } else if mark(volume, &real)?.is_some() {
                path.clear();
            }
            Ok(())
        })?;
        Ok(path)
    }

    /// Removes a layer of any kind.
    pub(super) fn destroy(&self, layer: &str) -> Result<()> {
        let layer = layer::real(layer)?;
        self.with(&layer, |volume| {
            if volume.state()?.is_some() {
                return Err(busy(&layer, "it is activated; deactivate it first"));
            }
            // An overlay over layers that go is undefined.
            if let Some(user) =
                volume::all(self.layout)?.into_iter().find(|state| state.parents.contains(&layer))
            {
                let state = format!("{} stands on it and is activated", user.layer.display());
                return Err(Error::invalid_state(object(&layer), state).with_hresult(Hresult::ERROR_BUSY));
            }
            if !layer.exists() {
                return Err(Error::not_found(object(&layer)));
            }
            hcs_layers::destroy(&layer).map_err(super::error::layer)
        })
    }

    /// The folder in which a layer's `Files` lie, for whoever reads them: `work` gets it and the layers that it stands on.
    pub(super) fn read<T>(
        &self,
        layer: &str,
        parents: &[LayerDescriptor],
        work: impl FnOnce(&Path, &[PathBuf]) -> Result<T>,
    ) -> Result<T> {
        let layer = layer::real(layer)?;
        let parents = layer::parents(parents)?;
        self.with(&layer, |volume| {
            let Some(mark) = mark(volume, &layer)? else { return work(&layer, &parents) };
            if volume.state()?.map(|state| shown(&state)).transpose()? == Some(true) {
                return Err(busy(
                    &layer,
                    "it is prepared, and may change while it is read; unprepare it first",
                ));
            }
            match mark.size {
                None => work(&layer, &parents),
                Some(_) if mounted(&volume.disk())? => work(&volume.disk(), &parents),
                Some(_) => Err(not_ready(&layer, "it is not activated")),
            }
        })
    }

    /// Does `work` with a layer that nobody else works on, and leaves nothing of an idle one.
    pub(super) fn with<T>(&self, layer: &Path, work: impl FnOnce(&Volume) -> Result<T>) -> Result<T> {
        let volume = Volume::take(self.layout, layer, self.deadline)?;
        hcs_fault::step(Point::LayerStep);
        let result = work(&volume);
        hcs_fault::step(Point::LayerStep);
        let left = volume.leave();
        let value = result?;
        left?;
        Ok(value)
    }
}

fn show_disk(volume: &Volume) -> Result<()> {
    let place = volume.disk();
    if mounted(&place)? {
        return Ok(());
    }
    volume::make_folder(&place, Mode::RWXU)?;
    let disk = disk::mount(&volume.layer.join(DISK))?;
    mount::attach(&disk, &place).map_err(|errno| os("attach the disk at", &place, errno))?;
    hcs_fault::step(Point::LayerStep);
    make_folders(&place)
}

fn hide_disk(volume: &Volume) -> Result<()> {
    let place = volume.disk();
    if !mounted(&place)? {
        return Ok(());
    }
    // A copy of the mount may live on for a moment in a container's namespace, and the unmount then writes nothing. Who
    // reads or copies the image next is to find everything.
    mount::sync(&place).map_err(|errno| os("write", &place, errno))?;
    mount::detach(&place).map_err(|errno| in_use(&volume.layer, &place, errno))
}

/// What a writable layer's mark says; `None` for a read-only one.
fn mark(volume: &Volume, layer: &Path) -> Result<Option<Mark>> {
    // One that is shown in its own folder has its mark below that.
    if let Some(state) = volume.state()?
        && state.target == *layer
        && shown(&state)?
    {
        return Ok(Some(Mark::new(state.parents, None)));
    }
    Ok(match Kind::expect(layer)? {
        Kind::Writable(mark) => Some(mark),
        Kind::ReadOnly => None,
    })
}

fn shown(state: &State) -> Result<bool> {
    mount::is_overlay(&state.target).map_err(|errno| os("look at", &state.target, errno))
}

fn mounted(path: &Path) -> Result<bool> {
    mount::is_mounted(path).map_err(|errno| os("look at", path, errno))
}

fn hide(layer: &Path, state: &State) -> Result<()> {
    mount::detach(&state.target).map_err(|errno| in_use(layer, &state.target, errno))
}

fn in_use(layer: &Path, place: &Path, errno: Errno) -> Error {
    match errno {
        Errno::BUSY => busy(layer, "a program has something in it open"),
        errno => os("unmount", place, errno),
    }
}

fn make_folders(folder: &Path) -> Result<()> {
    volume::make_folder(&folder.join(FILES), Mode::from_raw_mode(0o755))?;
    volume::make_folder(&folder.join(WORK), Mode::from_raw_mode(0o700))
}

fn is_empty(folder: &Path) -> Result<bool> {
    let first = fs_err::read_dir(folder).map(|mut entries| entries.next());
    first.map(|first| first.is_none()).map_err(|error| io("look at", folder, error))
}

/// What a killed call of ours left in the folder of a layer that it did not finish; anything else is somebody's.
fn clear_unfinished(layer: &Path) -> Result<()> {
    let entries = fs_err::read_dir(layer).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let half = format!("{MARK}.new");
    for entry in entries.map_err(|error| io("look at", layer, error))? {
        let (path, name) = (entry.path(), entry.file_name());
        let ours = (name == FILES || name == WORK) && path.is_dir() && is_empty(&path)?;
        if !ours && name != half.as_str() {
            return Err(
                Error::already_exists(object(layer)).with_hint("a layer needs a folder that is new or empty")
            );
        }
    }
    Ok(())
}
