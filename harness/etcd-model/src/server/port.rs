//! Serving on a port of this machine, in real time.
