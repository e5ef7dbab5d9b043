//! Threads of their own, and what becomes of one that panics. The program is built without unwinding, which would be a fifth
//! of it: a thread that panics is left where it stands, and whoever waits for it hears that nobody will tell any more.

use std::any::Any;
use std::cell::RefCell;
use std::io;
use std::thread::Builder;

use tokio::sync::oneshot::{Receiver, Sender, channel};

thread_local! {
    /// Who is told what this thread comes to.
    static TELL: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Works on a thread of its own, and tells what it came to. The error is that there is no such thread.
pub fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Receiver<T>> {
    let (tell, told) = channel::<T>();
    Builder::new().spawn(move || {
        TELL.set(Some(Box::new(tell)));
        let came_to = work();
        if let Some(tell) = TELL.take().and_then(|tell| tell.downcast::<Sender<T>>().ok()) {
            // Nobody listens after the deadline.
            let _ = tell.send(came_to);
        }
    })?;
    Ok(told)
}

/// For a panic: if this thread is one of those, lets go of who waits for it, and does not return. What it holds stays held
/// until the process ends.
pub fn leave_if_apart() {
    if let Ok(Some(tell)) = TELL.try_with(RefCell::take) {
        drop(tell);
        loop {
            std::thread::park();
        }
    }
}
