//! Files of metrics, as `eval`, `rollout` and `eval-all` write and read them: the layout of the Python
//! package, and what this program adds to it.

pub mod artifacts;
pub mod rows;
pub mod file;
pub mod bounds;
