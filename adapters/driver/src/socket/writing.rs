//! Whether a client keeps up with what is sent to it.

use super::Socket;
use crate::error::EmitError;

impl Socket {
    /// Whether it is worth sending more: it is connected, and no more than
    /// [`soft_mark`](crate::Builder::soft_mark) bytes wait for its client, in whatever namespaces.
    ///
    /// It may be sent to all the same, until its mailbox is full: then it is closed.
    pub fn is_writable(&self) -> bool {
        self.is_connected() && !self.0.link.mailbox.is_congested()
    }

    /// Waits until it [is writable](Self::is_writable): so a stream of events goes as fast as its client
    /// reads.
    ///
    /// ```
    /// # async fn stream(socket: klatch_driver::Socket, rows: Vec<u32>) -> Result<(), klatch_driver::EmitError> {
    /// for row in rows {
    ///     socket.ready().await?;
    ///     socket.emit("row", &row)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If it is disconnected, or is while this waits.
    pub async fn ready(&self) -> Result<(), EmitError> {
        loop {
            let drained = self.0.link.listen();
            if !self.is_connected() {
                return Err(EmitError::Closed);
            }
            if !self.0.link.mailbox.is_congested() {
                return Ok(());
            }
            drained.await;
        }
    }
}
