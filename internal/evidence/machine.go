package evidence

// Machine is what a gateway's process has to work with, and what it uses of it now. What cannot be known on this system is 0.
type Machine struct {
	Cores            int     `json:"cores"`            // processors that the process may run on
	Procs            int     `json:"gomaxprocs"`       // that Go uses of them
	Engine           string  `json:"engine,omitempty"` // epoll or goroutines; empty: a version that had but one
	Loops            int     `json:"loops,omitempty"`  // event loops, each with idle connections to members of its own; 0: none
	Load             float64 `json:"load"`             // of the machine: processes that run or want to, mean of a minute
	Memory           int64   `json:"memory"`           // bytes that the machine has, or the process may use of it
	Used             int64   `json:"memoryUsed"`       // bytes that the process uses (resident)
	Files            uint64  `json:"files"`            // limit of open files
	Open             int     `json:"filesOpen"`        // files that are open
	ConnectionsLimit int     `json:"connectionLimit"`  // client connections that fit; 0: no limit is known
	Connections      int     `json:"connections"`      // client connections now
}
