package main

import (
	"math/bits"
	"testing"

	"beian/tasks"
)

// Papers of one kind are printed alike; a demonstration in which everybody's back
// of the card was "seen before" would teach reviewers to look past that flag.
func TestDemoPapersAreClearAndNotTakenForEachOther(t *testing.T) {
	t.Parallel()
	o, _ := openTestOffice(t)
	type seen struct {
		key      string
		slot     tasks.Slot
		likeness uint64
	}
	var all []seen
	for _, c := range demoCases() {
		for _, slot := range c.slots() {
			picture, err := c.paper(slot)
			if err != nil {
				t.Fatal(err)
			}
			found, err := o.cabinet.Examine(t.Context(), tasks.Upload{Slot: slot, Data: picture, Media: "image/jpeg"})
			if err != nil {
				t.Fatalf("%s %s: %v", c.key, slot, err)
			}
			for _, flag := range found.Flags {
				t.Errorf("%s %s is flagged %s", c.key, slot, flag.Code)
			}
			for _, other := range all {
				if n := bits.OnesCount64(found.Likeness ^ other.likeness); other.key != c.key && n <= 4 {
					t.Errorf("%s %s and %s %s differ in %d bits", c.key, slot, other.key, other.slot, n)
				}
			}
			all = append(all, seen{c.key, slot, found.Likeness})
		}
	}
}
