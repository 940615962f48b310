package process

import (
	"time"

	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/route"
)

// Setup is what an instance keeps for its life. Its supervisor sends it first.
type Setup struct {
	Data    string        `json:"data"`           // data directory
	Node    string        `json:"node,omitempty"` // of the cluster; empty on a single machine
	Number  int           `json:"number"`         // of the instance, from 0
	Engine  string        `json:"engine,omitempty"`
	Binding route.Binding `json:"binding"`
	Version string        `json:"version"` // of the supervisor's program

	SizeName string       `json:"sizeName,omitempty"` // as causeway.yaml names it
	Size     gateway.Size `json:"size"`               // its budget
}

// Config is a configuration to serve.
type Config struct {
	document.Source
	Allowed []string `json:"allowed,omitempty"` // protections that the document may ask for in vain
}

// State is what an instance says of itself.
type State struct {
	Setup
	PID         int       `json:"pid"`
	Build       string    `json:"build"` // version of the instance's own program
	Started     time.Time `json:"started"`
	Revision    uint64    `json:"revision"` // in force; 0: none yet
	Draining    bool      `json:"draining,omitempty"`
	Connections int       `json:"connections"`    // of clients, now
	Sent        int64     `json:"sent"`           // bytes of answers, since it started
	Lost        int64     `json:"lost"`           // records of the access log that could not be kept
	Addresses   []string  `json:"addresses"`      // that it serves
	Alone       time.Time `json:"alone,omitzero"` // since when it has been without a supervisor that served something; zero: it is not
}

// verb is what a supervisor asks of an instance.
type verb string

const (
	askState   verb = "state"
	askSockets verb = "sockets" // the listening sockets themselves
	askHealth  verb = "health"
	askMachine verb = "machine"
	askMetrics verb = "metrics"
	prepare    verb = "prepare" // a configuration; its new sockets come with it
	serve      verb = "serve"   // what was prepared in the same conversation
	abandon    verb = "abandon" // the same
	drain      verb = "drain"   // and end
)

// question is one message to an instance, and answer the one that comes back.
type question struct {
	Verb      verb          `json:"verb"`
	Config    *Config       `json:"config,omitempty"`
	Warm      time.Duration `json:"warm,omitempty"`      // prepare: for first probes, at most
	Addresses []string      `json:"addresses,omitempty"` // prepare: of the sockets that come with it
	Revision  uint64        `json:"revision,omitempty"`  // serve
	Within    time.Duration `json:"within,omitempty"`    // drain
}

type answer struct {
	Error     string            `json:"error,omitempty"`
	State     *State            `json:"state,omitempty"`
	Health    *gateway.Health   `json:"health,omitempty"`
	Machine   *evidence.Machine `json:"machine,omitempty"`
	Metrics   []byte            `json:"metrics,omitempty"`   // delimited protocol buffers
	Addresses []string          `json:"addresses,omitempty"` // of the sockets that come with it
}
