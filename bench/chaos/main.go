// Command chaos runs a gateway under load while its instances and its supervisor are killed and paused, its configuration
// changes, and it is upgraded, at random. It fails unless the only requests that failed were under way on instances that were
// killed, no acknowledged change was lost, memory and descriptors stayed where they were, and no dead process is left.
package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"causeway/bench/counted"
)

// plan is what is to be run.
type plan struct {
	length  time.Duration
	seed    uint64
	clients int
	binary  string
	folder  string
}

func main() {
	p := &plan{}
	flag.DurationVar(&p.length, "length", 10*time.Minute, "of the whole")
	flag.Uint64Var(&p.seed, "seed", uint64(time.Now().UnixNano()), "of the random choices")
	flag.IntVar(&p.clients, "clients", 20, "on kept connections, and as many on new ones")
	flag.StringVar(&p.binary, "causeway", "bin/causeway", "binary to run")
	flag.StringVar(&p.folder, "dir", "", "folder for the data; empty: the one for temporary files")
	flag.Parse()
	if err := p.run(); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// Times between two events.
const leastPause, mostPause = 500 * time.Millisecond, 3 * time.Second

func (p *plan) run() error {
	dir, err := os.MkdirTemp(p.folder, "causeway-chaos-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	g, err := p.start(dir)
	if err != nil {
		return err
	}
	defer g.end()
	fmt.Printf("seed %d, %v\n", p.seed, p.length)
	clients := counted.Start(g.address, p.clients, 5*time.Millisecond)
	use := watch(g)
	log, err := p.play(g)
	counts := clients.End()
	used := use.end()
	if err != nil {
		fmt.Fprintln(os.Stderr, g.said())
		return err
	}
	err = errors.Join(log.judge(os.Stdout, counts), g.checkLast(), g.checkFamily(), used.judge(os.Stdout))
	if err != nil {
		fmt.Fprintln(os.Stderr, g.warnings())
	}
	return err
}

// play makes things happen until the time is over.
func (p *plan) play(g *gateway) (*history, error) {
	random := rand.New(rand.NewPCG(p.seed, 1))
	h := &history{}
	for end := time.Now().Add(p.length); time.Now().Before(end); {
		time.Sleep(leastPause + time.Duration(random.Int64N(int64(mostPause-leastPause))))
		e := events[random.IntN(len(events))]
		begin := time.Now()
		harm, err := e.do(g, random)
		if err != nil {
			return h, fmt.Errorf("%s: %w", e.name, err)
		}
		h.add(e.name, begin, time.Now(), harm)
	}
	time.Sleep(mostPause)
	return h, nil
}
