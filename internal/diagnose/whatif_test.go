package diagnose

import (
	"strings"
	"testing"
	"time"
)

func savingOf(t *testing.T, r *Report, setting string) Saving {
	t.Helper()
	for _, s := range r.WhatIf.Savings {
		if s.Setting == setting {
			return s
		}
	}
	t.Fatalf("nothing is said of %s: %+v", setting, r.WhatIf)
	return Saving{}
}

// The idle limit is replayed: every lost request was on a connection that would have been a new one.
func TestShorterIdleLimitIsExact(t *testing.T) {
	r := raceStory(t).diagnose()
	s := savingOf(t, r, "backendIdleTimeout")
	if s.Removes != [2]int{29, 29} || s.Basis != "exact" || r.WhatIf.Together[0] != 29 {
		t.Errorf("%+v, together %v", s, r.WhatIf.Together)
	}
}

// A timer cut through a slope: some would have come, how many is not known. Nothing just below it: nobody knows at all.
func TestLongerTimeoutIsBoundedOrUnknown(t *testing.T) {
	f := func(slope bool, basis string) {
		t.Helper()
		s := newStory(t)
		for i := range 200 {
			d := 20 * time.Millisecond
			if slope {
				d = time.Duration(i) * 10 * time.Millisecond
			}
			s.after(100*time.Millisecond).request(4, took(d))
			if i%20 == 0 {
				s.request(5, fails(timeoutFault, 2*time.Second))
			}
		}
		got := savingOf(t, s.diagnose(), "requestTimeout")
		if got.Removes != [2]int{0, 10} || got.Basis != basis {
			t.Errorf("%+v", got)
		}
	}
	f(true, "bounded")
	f(false, "unknown")
}

// A shorter timeout costs nothing where every answer is far below it, and that can be replayed.
func TestShorterTimeoutIsExact(t *testing.T) {
	s := newStory(t)
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for i := range 200 {
		s.after(time.Second).request(4, took(50*time.Millisecond))
		if i%20 == 0 {
			s.request(5, fails(timeoutFault, 20*time.Second))
		}
	}
	r := s.diagnose()
	for _, x := range r.WhatIf.Savings {
		if x.Setting == "requestTimeout" && x.To == "1 s" {
			if x.Adds != 0 || x.Basis != "exact" {
				t.Errorf("%+v", x)
			}
			return
		}
	}
	t.Errorf("%+v", r.WhatIf)
}

// After the fix the same traffic has no such failures; without it it has as many; a few requests tell nothing.
func TestFollowUp(t *testing.T) {
	before := raceStory(t).diagnose()
	quietly := newStory(t)
	for range 400 {
		quietly.after(400 * time.Millisecond).request(4)
	}
	f := func(now *Report, want string) {
		t.Helper()
		now.Follow(before)
		if len(now.Before) != 1 || now.Before[0].Result != want {
			t.Errorf("%+v, want %s", now.Before, want)
		}
	}
	f(quietly.nextDay().diagnose(), "worked")
	f(raceStory(t).nextDay().diagnose(), "not")
	few := newStory(t)
	few.request(4)
	f(few.nextDay().diagnose(), "too-early")
}

// nextDay moves all requests by a day.
func (s *story) nextDay() *story {
	for i := range s.records {
		s.records[i].Start = s.records[i].Start.Add(24 * time.Hour)
	}
	return s
}

// A window that holds requests of the earlier one cannot tell whether a fix worked, nor can one of a time before it.
func TestFollowUpOfTheSameTime(t *testing.T) {
	before := raceStory(t).diagnose()
	end, err := time.Parse(time.RFC3339, before.Window.To)
	if err != nil {
		t.Fatal(err)
	}
	for begin, want := range map[time.Duration]string{
		-30 * time.Second:     "is in both windows",
		-30 * 24 * time.Hour:  "lies before that of the earlier report",
		time.Millisecond:      "where the old rate would have made",
		-1 * time.Millisecond: "where the old rate would have made", // the last request took so long
	} {
		s := newStory(t)
		s.at = end.Add(begin)
		for range 400 {
			s.after(400 * time.Millisecond).request(4)
		}
		s.records[0].Start = end.Add(begin)
		now := s.diagnose()
		now.Follow(before)
		if u := now.Before[0]; !strings.Contains(u.Why, want) || (u.Result == "worked") != strings.HasPrefix(want, "where") || strings.HasPrefix(want, "is in") && !strings.Contains(u.Why, "--since "+before.Window.To) {
			t.Errorf("%s: %+v", begin, u)
		}
	}
}

// The document alone tells what will fail.
func TestNotices(t *testing.T) {
	s := newStory(t)
	s.doc = strings.NewReplacer(
		`"properties":{`+"\n"+` "sku"`, `"properties":{"operationalState":"Stopped","provisioningState":"Succeeded",`+"\n"+` "sku"`,
		`"backendAddressPool":{"id":"/x/backendAddressPools/web"}`, `"backendAddressPool":{"id":"/x/backendAddressPools/none"}`,
		`"backendHttpSettingsCollection":[`, `"backendHttpSettingsCollection":[{"name":"unused","properties":{"port":81,"protocol":"Http","requestTimeout":2}},`,
	).Replace(storyDocument)
	var got []string
	for _, n := range s.diagnose().Notices {
		got = append(got, n.Cause)
	}
	if text := strings.Join(got, " "); text != "h-state i-empty-pool a-sticky-unhealthy-config" {
		t.Error(text)
	}
}
