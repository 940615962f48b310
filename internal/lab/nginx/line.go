package nginx

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Line is a line of nginx's log, in nginx's words. Lists have a part for each attempt.
type Line struct {
	At         string `json:"at"` // when the response ended, Unix seconds with milliseconds
	Connection string `json:"connection"`
	Uses       string `json:"uses"`
	Client     string `json:"client"`
	Port       string `json:"port"`
	Method     string `json:"method"`
	Target     string `json:"target"`
	Agent      string `json:"agent"`
	Status     string `json:"status"`
	Version    string `json:"version"`
	Received   string `json:"received"`
	Sent       string `json:"sent"`
	Taken      string `json:"taken"`
	Addr       string `json:"addr"`
	Statuses   string `json:"statuses"`
	Connect    string `json:"connect"`
	Header     string `json:"header"`
	Response   string `json:"response"`
	Host       string `json:"host"`
	Type       string `json:"type"`
	ID         string `json:"id"`
	Whole      string `json:"line"`
	Pool       string `json:"pool"`

	errors []string // what the error log says of the request
}

// readLines reads an instance's access log, each line with what the error log says of it.
func readLines(dir string) ([]Line, error) {
	text, err := os.ReadFile(filepath.Join(dir, accessLog))
	if err != nil {
		return nil, fmt.Errorf("read nginx's log: %w", err)
	}
	said, err := readErrors(filepath.Join(dir, errorLog))
	if err != nil {
		return nil, err
	}
	var out []Line
	for raw := range bytes.Lines(text) {
		var l Line
		if err := json.Unmarshal(raw, &l); err != nil {
			return nil, fmt.Errorf("read nginx's log: %w", err)
		}
		if l.Whole == "" && l.Status == "000" || l.Status == "400" && l.Received == "0" {
			continue // a connection that was closed before it asked for anything
		}
		l.errors = said.during(l)
		out = append(out, l)
	}
	return out, nil
}

// complaint is a line of the error log about a connection, to the second.
type complaint struct {
	at   int64
	text string
}

type complaints map[string][]complaint

// errorTime is how the error log writes time: the machine's own zone, to the second.
const errorTime = "2006/01/02 15:04:05"

func readErrors(path string) (complaints, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read nginx's error log: %w", err)
	}
	defer f.Close()
	out := complaints{}
	lines := bufio.NewScanner(f)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		line := lines.Text()
		if len(line) < len(errorTime) {
			continue
		}
		at, err := time.ParseInLocation(errorTime, line[:len(errorTime)], time.Local)
		_, rest, ok := strings.Cut(line, ": *")
		if err != nil || !ok {
			continue
		}
		if number, text, ok := strings.Cut(rest, " "); ok {
			out[number] = append(out[number], complaint{at.Unix(), text})
		}
	}
	return out, lines.Err()
}

// during is what was said of a line's connection while the request lasted.
func (c complaints) during(l Line) []string {
	end, taken := seconds(l.At), seconds(l.Taken)
	var out []string
	for _, said := range c[l.Connection] {
		other := strings.Contains(said.text, `request: "`) && !strings.Contains(said.text, `request: "`+l.Whole+`"`)
		if !other && said.at >= int64(end-taken) && said.at <= int64(end) {
			out = append(out, said.text)
		}
	}
	return out
}

func seconds(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return n
}

func whole(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// parts are the elements of one of nginx's lists: attempts within a group of servers, and groups.
func parts(list string) []string {
	if list == "" || list == "-" {
		return nil
	}
	out := strings.Split(strings.ReplaceAll(list, " : ", ", "), ", ")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}
