package access

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// A link signs one browser in, once, and not for ever.
func TestALinkSignsInOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewControl(newShelf()).Sessions
		ann := Caller{ID: "uid 1000", Role: Owner}
		code := s.Invite(ann)
		in, err := s.Accept(code)
		if err != nil || in.Caller != ann {
			t.Fatal(in, err)
		}
		if _, err := s.Check(t.Context(), in.ID, in.ID); !errors.Is(err, ErrNoSession) {
			t.Errorf("with the cookie and without the key: %v", err)
		}
		if s.End(in.ID, ""); s.open[in.ID].key == "" {
			t.Error("whoever has the cookie alone ended the session")
		}
		if _, err := s.Accept(code); !errors.Is(err, ErrNoInvitation) {
			t.Errorf("the same link again: %v", err)
		}
		late := s.Invite(ann)
		time.Sleep(InvitationLife)
		if _, err := s.Accept(late); !errors.Is(err, ErrNoInvitation) {
			t.Errorf("a link of two minutes ago: %v", err)
		}
		for range 11 { // whoever works goes on
			time.Sleep(sessionIdle - 5*time.Minute)
			if as, err := s.Check(t.Context(), in.ID, in.Key); err != nil || as != ann {
				t.Fatal(as, err)
			}
		}
		time.Sleep(sessionLife - 11*(sessionIdle-5*time.Minute))
		if _, err := s.Check(t.Context(), in.ID, in.Key); !errors.Is(err, ErrNoSession) {
			t.Errorf("after half a day: %v", err)
		}
	})
}

func TestASessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewControl(newShelf()).Sessions
		idle, _ := s.Accept(s.Invite(Caller{Role: Reader}))
		left, _ := s.Accept(s.Invite(Caller{Role: Reader}))
		s.End(left.ID, left.Key)
		if _, err := s.Check(t.Context(), left.ID, left.Key); !errors.Is(err, ErrNoSession) {
			t.Errorf("after it was left: %v", err)
		}
		time.Sleep(sessionIdle)
		if _, err := s.Check(t.Context(), idle.ID, idle.Key); !errors.Is(err, ErrNoSession) {
			t.Errorf("after an idle hour: %v", err)
		}
	})
}

// A page that nobody touches asks again and again. That does not keep its session alive, and somebody who comes back in time does.
func TestAPageThatIsLeftOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewControl(newShelf()).Sessions
		in, _ := s.Accept(s.Invite(Caller{Role: Reader}))
		ask := func(idle string) error {
			r := httptest.NewRequest("GET", "/", nil)
			r.AddCookie(Cookie(in.ID))
			r.Header.Set(PortalHeader, in.Key)
			r.Header.Set(IdleHeader, idle)
			_, err := s.Of(r)
			return err
		}
		poll := func(d time.Duration) (err error) {
			for end := time.Now().Add(d); time.Now().Before(end) && err == nil; time.Sleep(time.Minute) {
				err = ask("1")
			}
			return err
		}
		if err := poll(sessionIdle - time.Minute); err != nil {
			t.Fatalf("within the hour: %v", err)
		}
		if err := ask(""); err != nil {
			t.Fatalf("somebody comes back: %v", err)
		}
		if err := poll(sessionIdle - time.Minute); err != nil {
			t.Errorf("within the hour after that: %v", err)
		}
		if err := poll(2 * time.Minute); !errors.Is(err, ErrNoSession) {
			t.Errorf("after an hour without anybody: %v", err)
		}
	})
}

// The session of a credential ends with it, and guessing its secret is limited as for tokens.
func TestTheSessionOfACredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, shelf := context.Background(), newShelf()
		s := NewControl(shelf).Sessions
		c, secret, err := Create(ctx, shelf, Operator, "")
		if err != nil {
			t.Fatal(err)
		}
		in, err := s.SignIn(ctx, here, c.ID, secret)
		if err != nil || in.Caller != (Caller{ID: c.ID, Role: Operator}) {
			t.Fatal(in, err)
		}
		if err := Revoke(ctx, shelf, c.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(bookLife)
		if _, err := s.Check(ctx, in.ID, in.Key); !errors.Is(err, ErrRevoked) {
			t.Errorf("after the credential was revoked: %v", err)
		}
		for range 10 {
			if _, err := s.SignIn(ctx, here, c.ID, "wrong"); !errors.Is(err, ErrRefused) {
				t.Fatal(err)
			}
		}
		if _, err := s.SignIn(ctx, here, c.ID, secret); !errors.Is(err, ErrTooMany) {
			t.Errorf("after ten wrong secrets: %v", err)
		}
	})
}

func TestTheNumberOfSessionsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewControl(newShelf()).Sessions
		first, _ := s.Accept(s.Invite(Caller{Role: Reader}))
		time.Sleep(time.Second)
		for range sessionsMax {
			_, _ = s.Accept(s.Invite(Caller{Role: Reader}))
		}
		if len(s.open) != sessionsMax {
			t.Errorf("%d sessions", len(s.open))
		}
		if _, err := s.Check(t.Context(), first.ID, first.Key); !errors.Is(err, ErrNoSession) {
			t.Errorf("the one that was used the longest ago: %v", err)
		}
	})
}
