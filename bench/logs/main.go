// Command logs measures how fast an access log of Azure's is diagnosed, beside tools that only count its requests by
// status and member: jq, DuckDB's JSON reader, and Go's encoding/json. All read the same file, in turn, round by round.
//
// It also measures whether memory grows with the log: the peak on a log ten times as large against that on this one.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 3, "rounds; the median of them is reported")
	megabytes := flag.Int("mb", 1000, "size of the log")
	times := flag.Int("times", 10, "how many times as large the log of the memory figure is; 0 leaves it out")
	binary := flag.String("causeway", "bin/causeway", "binary to measure")
	duck := flag.String("duckdb", "", "folder in which npm has installed @duckdb/node-api; empty: leave DuckDB out")
	count := flag.String("count", "", "count the requests of this file with encoding/json, and nothing else")
	write := flag.String("write", "", "write the log to this file, and nothing else")
	memory := flag.Bool("memory", false,
		"measure memory alone: one log against one that is -times as large, e.g. -memory -mb 1000 -times 10")
	folder := flag.String("dir", "", "folder for the logs, which takes -mb and -mb × -times; empty: the one for temporary files")
	flag.Parse()
	err := error(nil)
	switch {
	case *count != "":
		err = countWithStandardLibrary(*count, os.Stdout)
	case *write != "":
		err = writeLog(*write, *megabytes)
	default:
		err = run(&plan{*rounds, *megabytes, *times, *binary, *duck, *folder, *memory})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// tool is a program that reads the log.
type tool struct {
	name    string
	command func(log string) *exec.Cmd
	samples []sample
}

type sample struct {
	wall, cpu time.Duration
	peakMiB   float64
}

// plan is what is to be measured.
type plan struct {
	rounds, megabytes, times int
	binary, duck, folder     string
	memoryOnly               bool
}

func run(p *plan) error {
	dir, err := os.MkdirTemp(p.folder, "causeway-bench-logs-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	log := filepath.Join(dir, "PT1H.json")
	if err := writeLog(log, p.megabytes); err != nil {
		return err
	}
	tools, err := tools(dir, p.binary, p.duck)
	if err != nil {
		return err
	}
	if p.memoryOnly {
		return reportMemory(os.Stdout, &tools[0], dir, log, p)
	}
	for range p.rounds {
		for i := range tools {
			s, err := tools[i].once(log)
			if err != nil {
				return fmt.Errorf("%s: %w", tools[i].name, err)
			}
			tools[i].samples = append(tools[i].samples, s)
		}
	}
	report(os.Stdout, tools, p.rounds, p.megabytes)
	if p.times > 0 {
		return reportMemory(os.Stdout, &tools[0], dir, log, p)
	}
	return nil
}

const jqProgram = `reduce inputs as $r ({}; .[($r.properties.httpStatus|tostring)+" "+$r.properties.serverRouted] += 1)`

const duckProgram = `import { createRequire } from 'node:module';
const { DuckDBInstance } = createRequire(process.argv[2] + '/')('@duckdb/node-api');
const db = await (await DuckDBInstance.create(':memory:')).connect();
const r = await db.runAndReadAll("select properties.httpStatus, properties.serverRouted, count(*) from read_json('" + process.argv[3] +
  "', format='newline_delimited', columns={properties:'STRUCT(httpStatus INTEGER, serverRouted VARCHAR)'}) group by all order by all");
console.log(r.getRows().map(String).join('\n'));
`

func tools(dir, binary, duck string) ([]tool, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	out := []tool{
		{name: "causeway diagnose", command: func(log string) *exec.Cmd { return exec.Command(binary, "diagnose", log, "-o", "json") }},
		{name: "encoding/json, counting", command: func(log string) *exec.Cmd { return exec.Command(self, "-count", log) }},
	}
	if _, err := exec.LookPath("jq"); err == nil {
		out = append(out, tool{
			name:    "jq, counting",
			command: func(log string) *exec.Cmd { return exec.Command("jq", "-n", jqProgram, log) },
		})
	}
	if duck != "" {
		program := filepath.Join(dir, "count.mjs")
		if err := os.WriteFile(program, []byte(duckProgram), 0o600); err != nil {
			return nil, err
		}
		out = append(out, tool{
			name:    "DuckDB, counting",
			command: func(log string) *exec.Cmd { return exec.Command("node", program, duck, log) },
		})
	}
	return out, nil
}

func (t *tool) once(log string) (sample, error) {
	cmd := t.command(log)
	cmd.Stderr = os.Stderr
	begin := time.Now()
	out, err := cmd.Output()
	took := time.Since(begin)
	if err != nil {
		return sample{}, err
	}
	if len(out) == 0 {
		return sample{}, errors.New("it printed nothing")
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return sample{}, errors.New("the system does not say what it used")
	}
	return sample{took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), float64(usage.Maxrss) / 1024}, nil
}

func median(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	return s[len(s)/2]
}

func (t *tool) column(f func(sample) float64) []float64 {
	var out []float64
	for _, s := range t.samples {
		out = append(out, f(s))
	}
	return out
}

func report(w io.Writer, tools []tool, rounds, megabytes int) {
	fmt.Fprintf(w, "A log of %d MB, %d rounds in turn; medians.\n\n", megabytes, rounds)
	fmt.Fprintln(w,
		"| tool | seconds | MB/s | CPU seconds | peak memory | times as long as causeway [min–max] |\n|---|---|---|---|---|---|")
	wall := func(s sample) float64 { return s.wall.Seconds() }
	for i := range tools {
		t := &tools[i]
		var ratios []float64
		for j := range t.samples {
			ratios = append(ratios, t.samples[j].wall.Seconds()/tools[0].samples[j].wall.Seconds())
		}
		seconds := median(t.column(wall))
		fmt.Fprintf(w, "| %s | %.2f | %.0f | %.2f | %.0f MiB | **%.2f** [%.2f–%.2f] |\n", t.name, seconds, float64(megabytes)/seconds,
			median(t.column(func(s sample) float64 { return s.cpu.Seconds() })),
			median(t.column(func(s sample) float64 { return s.peakMiB })),
			median(ratios), slices.Min(ratios), slices.Max(ratios))
	}
}

// reportMemory reads the log, and one that is several times as large.
func reportMemory(w io.Writer, t *tool, dir, log string, p *plan) error {
	megabytes, times := p.megabytes, p.times
	small, err := t.once(log)
	if err != nil {
		return err
	}
	large := filepath.Join(dir, "large.json")
	if err := writeLog(large, megabytes*times); err != nil {
		return err
	}
	big, err := t.once(large)
	if err != nil {
		return err
	}
	fmt.Fprintf(w,
		"\nMemory: %.0f MiB at the peak for %d MB, %.0f MiB for %d MB (%s): %.2f times as much for %d times the log. It took %.1f s, %.0f MB/s.\n",
		small.peakMiB, megabytes, big.peakMiB, megabytes*times, strings.TrimSpace("every request has its own URL"),
		big.peakMiB/small.peakMiB, times, big.wall.Seconds(), float64(megabytes*times)/big.wall.Seconds())
	return nil
}
