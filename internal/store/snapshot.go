package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/internal/store/layout"
)

// Snapshot is the whole configuration at one revision. Consumers share it and leave it unchanged.
type Snapshot struct {
	Revision int64    // counts from 1, one more with each change; 0: the store is empty
	Document []byte   // canonical JSON of the gateway, as document.Document.JSON writes it
	Shared   []byte   // what nodes share of causeway.yaml; opaque, sealed in the store
	Allow    []string // protections that may stay unserved
	State    State    // whether the gateway shall run

	Who  string    // made the change
	When time.Time // UTC; set by Put
	Note string    // why
}

// State is what Azure calls the operational state, as somebody wants it.
type State string

// The states.
const (
	Running State = "Running"
	Stopped State = "Stopped"
	Deleted State = "Deleted" // there is no gateway; the document is an empty one
)

// Change is one entry of the history: a revision without its content.
type Change struct {
	Revision int64     `json:"revision"`
	Who      string    `json:"who,omitempty"`
	When     time.Time `json:"when"`
	Note     string    `json:"note,omitempty"`
	Keys     []string  `json:"keys,omitempty"` // the parts that changed, by their relative key; of the history only
}

// head is what the store writes beside the parts of a configuration. Every change writes it.
type head struct {
	Revision int64     `json:"revision"`
	ID       string    `json:"id"` // of the write, to recognise it after a lost answer
	Who      string    `json:"who,omitempty"`
	When     time.Time `json:"when"`
	Note     string    `json:"note,omitempty"`
	Allow    []string  `json:"allow,omitempty"`
	State    State     `json:"state"`
}

func (h head) change() Change {
	return Change{Revision: h.Revision, Who: h.Who, When: h.When, Note: h.Note}
}

// snapshot puts a configuration together.
func (h head) snapshot(keys layout.Keys) (Snapshot, error) {
	c, err := layout.Join(keys)
	if err != nil {
		return Snapshot{}, fmt.Errorf("revision %d: %w", h.Revision, err)
	}
	return Snapshot{
		Revision: h.Revision,
		Document: c.Document,
		Shared:   c.Shared,
		Allow:    h.Allow,
		State:    h.State,
		Who:      h.Who,
		When:     h.When,
		Note:     h.Note,
	}, nil
}

// says reports whether the head holds the operational part of a snapshot already.
func (h head) says(s Snapshot) bool { return h.State == s.State && slices.Equal(h.Allow, s.Allow) }

func readHead(text []byte) (h head, err error) {
	if err := json.Unmarshal(text, &h); err != nil {
		return h, fmt.Errorf("the head of the configuration: %w", err)
	}
	return h, nil
}

// Errors of a write.
var (
	// ErrConflict is returned for a write that would replace another revision than the one it names. See ConflictError.
	ErrConflict = errors.New("the configuration changed meanwhile")
	// ErrUnknown is returned for a write of which it is not known whether it took place.
	ErrUnknown = errors.New("the store did not answer: it is not known whether the change was written")
	// ErrTooLarge is returned for a change that etcd does not take in one transaction.
	ErrTooLarge = errors.New("the change is too large for one transaction of etcd")
	// ErrNotLeader is returned for a write of a node that no longer leads.
	ErrNotLeader = errors.New("another node leads by now")
	// ErrEmpty is returned by Config while nothing has been written.
	ErrEmpty = errors.New("the store holds no configuration yet")
	// ErrNoRevision is returned by At for a revision that is not kept.
	ErrNoRevision = errors.New("the store does not keep this revision")
)

// ConflictError is ErrConflict with the change that came first.
type ConflictError struct {
	Wanted  int64  // the revision that the write named
	Current Change // what is there
}

func (e *ConflictError) Error() string {
	if e.Current.Revision == 0 {
		return fmt.Sprintf("%v: the store is empty, and the change is one of revision %d", ErrConflict, e.Wanted)
	}
	text := fmt.Sprintf("%v: it is at revision %d, written", ErrConflict, e.Current.Revision)
	if e.Current.Who != "" {
		text += " by " + e.Current.Who
	}
	return fmt.Sprintf("%s at %s, and the change is one of revision %d", text, e.Current.When.Format(time.RFC3339), e.Wanted)
}

// Is makes errors.Is(err, ErrConflict) true.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }
