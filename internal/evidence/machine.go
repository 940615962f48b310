package evidence

import (
	"time"

	"causeway/internal/budget"
)

// Machine is what a gateway has to work with, and what it uses of it now. What cannot be known on this system is 0.
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
	Queued           int     `json:"queued,omitempty"` // client connections that no instance has accepted yet, now

	API       string          `json:"api,omitempty"`       // https://HOST:PORT of the management API, or unix:PATH; empty: there is none
	Room      float64         `json:"room,omitempty"`      // processors that all instances may use together; 0: Cores
	Budget    *budget.State   `json:"budget,omitempty"`    // how budgets of instances are held; nil: a version without budgets
	Instances []InstanceState `json:"instances,omitempty"` // by number
}

// Hung is an instance of a running gateway that does not answer its supervisor.
type Hung struct {
	Instance string // instanceId
	Problem  string // for how long, and what happens next
}

// NoHealth is why a running gateway could not tell the health of its members, and what to do about it.
type NoHealth struct{ Why, Do string }

// shared is what all instances may use together.
func (m *Machine) shared() budget.Machine {
	cpu := m.Room
	if cpu == 0 {
		cpu = float64(m.Cores)
	}
	return budget.Machine{CPU: cpu, Memory: m.Memory}
}

// Fit is how many instances of a size have room on this machine; -1: not known.
func (m *Machine) Fit(size budget.Size) int { return m.shared().Most(size) }

// States of an instance.
const (
	Starting = "starting" // it does not serve yet
	Serving  = "serving"
	Draining = "draining" // it finishes its requests, and then ends
	Waiting  = "waiting"  // it died, and the next start waits: a crash loop
)

// InstanceState is one instance: its budget, and what it uses of it. Shares are of the last interval that the supervisor measured, some
// seconds; 0 where nothing was measured yet.
type InstanceState struct {
	Number      int       `json:"number"`              // from 0
	ID          string    `json:"instanceId"`          // as the access log writes it
	Node        string    `json:"node,omitempty"`      // of the cluster; else the host name of its machine
	PID         int       `json:"pid,omitempty"`       // 0: no process runs
	State       string    `json:"state"`               // Starting, Serving, Draining, Waiting
	Size        string    `json:"size"`                // its name in causeway.yaml: small, medium, large, v2
	CPU         float64   `json:"cpu"`                 // budget: processors
	Memory      int64     `json:"memory"`              // budget: bytes
	Held        bool      `json:"held"`                // a control group holds it to both
	NotHeld     string    `json:"notHeld,omitempty"`   // what is not held, and why
	CPUUsed     float64   `json:"cpuUsed"`             // 0 to 1, of the budget; above 1 where it is not held
	Throttled   float64   `json:"throttled"`           // 0 to 1: periods in which the budget was used up, of those in which it ran
	MemoryUsed  int64     `json:"memoryUsed"`          // bytes now
	OOMKills    int64     `json:"oomKills,omitempty"`  // processes of it that the kernel killed because its memory was used up
	Connections int       `json:"connections"`         // client connections now
	Revision    int64     `json:"revision"`            // of the configuration that it serves
	Started     time.Time `json:"started,omitzero"`    // its process
	Restarts    int       `json:"restarts"`            // after deaths, of this number, since the supervisor began
	CrashLoop   bool      `json:"crashLoop,omitempty"` // it dies again and again
}

// Budgeted is the budget of the instance.
func (i *InstanceState) Budgeted() budget.Size { return budget.Size{CPU: i.CPU, Memory: i.Memory} }
