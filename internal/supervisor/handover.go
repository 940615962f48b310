package supervisor

import (
	"errors"
	"time"

	"causeway/internal/store"
)

// A gateway that ends, or is asked to give way, hands its listening sockets to its successor: the sockets stay open
// throughout, so that no client is refused and what waits in the kernel's queue is served.
//
// The successor connects to the predecessor's hand-over socket and asks; the predecessor answers with the sockets
// themselves (SCM_RIGHTS). The successor starts its instances one after the other, and reports each, upon which the
// predecessor drains its own of that number. Once all of them serve, the predecessor relinquishes everything that they share,
// and ends. A successor that fails before that gives back: the predecessor starts again what it has drained.
//
// The new program of an upgrade does the same, but leaves its instances to the predecessor in the end: see upgrade.go.

const (
	handoverName = "next.sock" // as short as admin.sock: the path of a socket has 107 bytes at most
	adminSocket  = "admin"     // name of the read-only address among the sockets
	apiSocket    = "api"       // and of that of the management API

	apiUnixSocket = "api socket" // and of the unix socket of that

	askTime     = 5 * time.Second        // for a request and its answer
	acceptPause = 100 * time.Millisecond // after a successor that could not be accepted
	readyTime   = 60 * time.Second       // for each instance of a successor to begin serving

	// successorTime is how long a gateway still accepts after its signal to end, so that a successor started at the same moment
	// finds the sockets open.
	successorTime = 500 * time.Millisecond
)

// request is what a successor asks for first.
type request struct {
	TakeOver bool `json:"takeOver"` // also from a gateway that goes on otherwise
}

// offer is the answer. The sockets come with it.
type offer struct {
	Refused   bool            `json:"refused,omitempty"`
	Addresses []string        `json:"addresses"`
	Snapshot  *store.Snapshot `json:"snapshot"` // what is in force: the store stays with the predecessor until the end
}

// progress is what a successor reports as it goes on, and noted the answer to each report but Serving.
type progress struct {
	Replaced *int `json:"replaced,omitempty"` // instance of this number serves
	Serving  bool `json:"serving,omitempty"`  // all do, and the rest is done: the last word
	Proved   bool `json:"proved,omitempty"`   // all do, and the predecessor shall go on with them, and the program, whose file comes too
	GiveBack bool `json:"giveBack,omitempty"` // it cannot go on
}

type noted struct{}

// errHandOver is why a successor could not begin where another gateway was.
var errHandOver = errors.New("the conversation broke off")
