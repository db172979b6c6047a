//! A request that an operation tracks, while the export that made it runs.

use std::cell::Cell;
use std::sync::Arc;

use hcs_abi::computecore::OperationHandle;
use hcs_contract::{self as contract, Error, Hresult, Result};

use crate::operation::{Operation, Outcome, Request};

/// The request. Whatever happens to the export, it completes.
#[derive(Debug)]
pub(crate) struct Ticket {
    operation: Arc<Operation>,
    turn: u64,
    tracked: Cell<bool>,
}

impl Ticket {
    /// Makes a request that this operation tracks: `body` starts it. A failure there is the operation's result, too.
    pub(crate) fn request(
        operation: OperationHandle,
        request: Request,
        body: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<Hresult> {
        let operation = Operation::get(operation)?;
        let turn = operation.begin(request)?;
        let this = Self { operation, turn, tracked: Cell::new(false) };
        match body(&this) {
            Ok(()) => Ok(Hresult::S_OK),
            Err(error) => {
                this.tracked.set(true);
                this.operation.complete(turn, Err(error.clone()), false);
                Err(error)
            }
        }
    }

    /// It completes as this does.
    pub(crate) fn track(&self, operation: &contract::Operation) {
        self.tracked.set(true);
        let cancelled = operation.clone();
        self.operation.set_cancel(self.turn, Arc::new(move || cancelled.cancel()));
        let (tracker, turn) = (self.operation.weak(), self.turn);
        operation.on_complete(move |result| {
            if let Some(tracker) = tracker.upgrade() {
                tracker.complete(turn, result.map(|text| Outcome { text, process: None }), true);
            }
        });
    }

    /// It is complete.
    pub(crate) fn complete(&self, outcome: Outcome) {
        self.tracked.set(true);
        self.operation.complete(self.turn, Ok(outcome), true);
    }

    /// The handles that it has made.
    pub(crate) fn made(&self, change: impl FnOnce(&mut Request)) {
        self.operation.set_request(self.turn, change);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.tracked.get() {
            let error = Error::from_hresult(Hresult::E_UNEXPECTED);
            self.operation.complete(self.turn, Err(error), false);
        }
    }
}
