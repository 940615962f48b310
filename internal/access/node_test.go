package access

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A node's token is for one node and for a moment. It is nothing to clients, and a client's token is none of a node.
func TestTheTokenOfANode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		asks, answers := NewControl(s), NewControl(s)
		token, err := asks.IssueNode(t.Context(), "a", "b")
		if err != nil {
			t.Fatal(err)
		}
		if from, err := answers.CheckNode(t.Context(), token, "b"); err != nil || from != "a" {
			t.Errorf("%q, %v", from, err)
		}
		made, _ := create(t, s, Owner)
		claimed, err := answers.Issue(t.Context(), Caller{made.ID, Owner}, Audience{Issuer: nodeIssuer, Resource: "b", Tenant: Tenant})
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := NewControl(newShelf()).IssueNode(t.Context(), "a", "b")
		if err != nil {
			t.Fatal(err)
		}
		f := func(what string, err, want error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		check := func(token, to string) error { _, err := answers.CheckNode(t.Context(), token, to); return err }
		f("for another node", check(token, "c"), ErrBadToken)
		f("a client's, with the claims of a node", check(claimed, "b"), ErrBadToken)
		f("of another cluster", check(foreign, "b"), ErrBadToken)
		f("none", check("", "b"), ErrNoToken)
		_, err = answers.Check(t.Context(), token, []string{"b"})
		f("a node's, as a client", err, ErrBadToken)
		time.Sleep(nodeTokenLife + time.Second)
		f("after its time", check(token, "b"), ErrBadToken)
	})
}

// Without a quorum nodes go on with the key that they know, and lose little of the time in which they have to answer.
func TestNodesAskEachOtherWithoutAQuorum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		asks, answers := NewControl(s), NewControl(s)
		check := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // as one node gives another
			defer cancel()
			token, err := asks.IssueNode(ctx, "a", "b")
			if err == nil {
				_, err = answers.CheckNode(ctx, token, "b")
			}
			return errors.Join(err, ctx.Err())
		}
		if err := check(); err != nil {
			t.Fatal(err)
		}
		s.mute = true
		for range 3 {
			time.Sleep(bookLife)
			if err := check(); err != nil {
				t.Error(err)
			}
		}
	})
}
