package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"causeway/internal/admin"
)

// event is something that happens to a gateway. It returns how many clients it may have hit.
type event struct {
	name string
	do   func(g *gateway, random *rand.Rand) (harm int, err error)
}

// events are what may happen. Those that are named twice happen twice as often.
var events = []event{
	{"kill an instance", killInstance},
	{"kill an instance", killInstance},
	{"pause an instance", pauseInstance},
	{"kill the supervisor", killSupervisor},
	{"pause the supervisor", pauseSupervisor},
	{"change the configuration", change},
	{"change the configuration", change},
	{"change the number of instances", rescale},
	{"upgrade", upgrade},
}

// limit is how long the gateway has to be as it should be again.
const limit = 15 * time.Second

func (g *gateway) victim(random *rand.Rand) (admin.Instance, error) {
	status, err := g.settled()
	if err != nil {
		return admin.Instance{}, err
	}
	return status.Instances[random.IntN(len(status.Instances))], nil
}

// killInstance kills an instance and waits for its replacement. What was under way on it fails.
func killInstance(g *gateway, random *rand.Rand) (int, error) {
	i, err := g.victim(random)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := syscall.Kill(i.PID, syscall.SIGKILL); err != nil {
		return 0, err
	}
	err = g.await("the instance is replaced", func(s admin.Status) bool {
		for _, now := range s.Instances {
			if now.Number == i.Number {
				return now.PID != i.PID && now.Revision > 0
			}
		}
		return false
	})
	g.replaced = append(g.replaced, time.Since(begin))
	return g.share(), err
}

// share is how many clients may have a request under way on one instance: twice its part of all. The connections that the
// instance reports do not say it: half of the clients take a new one every few milliseconds.
func (g *gateway) share() int { return 2 * 2 * g.clients / g.capacity }

// pauseInstance stops an instance for a while: nothing fails, some clients wait.
func pauseInstance(g *gateway, random *rand.Rand) (int, error) {
	i, err := g.victim(random)
	if err != nil {
		return 0, err
	}
	return 0, pause(i.PID, random)
}

func pause(pid int, random *rand.Rand) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(200*time.Millisecond + time.Duration(random.IntN(2000))*time.Millisecond)
	return syscall.Kill(pid, syscall.SIGCONT)
}

// killSupervisor kills the supervisor and starts the next: the instances notice nothing.
func killSupervisor(g *gateway, random *rand.Rand) (int, error) {
	before, err := g.settled()
	if err != nil {
		return 0, err
	}
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		return 0, err
	}
	time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
	if err := g.serve(); err != nil {
		return 0, err
	}
	return 0, g.await("the instances are adopted", func(s admin.Status) bool {
		return s.PID != before.PID && len(s.Instances) == len(before.Instances) && s.Instances[0].PID == before.Instances[0].PID
	})
}

// pauseSupervisor stops the supervisor for a while.
func pauseSupervisor(g *gateway, random *rand.Rand) (int, error) {
	s, err := g.settled()
	if err != nil {
		return 0, err
	}
	return 0, pause(s.PID, random)
}

// change applies another request timeout, and checks that the one before is what the gateway has.
func change(g *gateway, random *rand.Rand) (int, error) {
	if err := g.checkLast(); err != nil {
		return 0, err
	}
	g.timeout = 5 + random.IntN(50)
	return 0, g.apply()
}

// rescale applies another number of instances.
func rescale(g *gateway, random *rand.Rand) (int, error) {
	g.capacity = 2 + random.IntN(3)
	if err := g.apply(); err != nil {
		return 0, err
	}
	return 0, g.await("there are as many instances", func(s admin.Status) bool { return len(s.Instances) == g.capacity })
}

// upgrade lets the same program take over.
func upgrade(g *gateway, _ *rand.Rand) (int, error) {
	before, err := g.settled()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := g.client.Upgrade(ctx); err != nil {
		return 0, err
	}
	return 0, g.await("the new program serves", func(s admin.Status) bool {
		return s.Started.After(before.Started) && len(s.Instances) == g.capacity
	})
}

// settled waits until all instances serve.
func (g *gateway) settled() (admin.Status, error) {
	var last admin.Status
	err := g.await("all instances serve", func(s admin.Status) bool {
		last = s
		for _, i := range s.Instances {
			if i.Revision != s.Revision || i.Problem != "" {
				return false
			}
		}
		return len(s.Instances) == g.capacity
	})
	return last, err
}

// await waits until the gateway is as it should be.
func (g *gateway) await(what string, done func(admin.Status) bool) error {
	var last admin.Status
	var err error
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if last, err = g.client.Status(); err == nil && done(last) {
			return nil
		}
	}
	return fmt.Errorf("waited %v in vain until %s: %+v %w", limit, what, last, err)
}
