package guess

import (
	"math"
	"strings"
)

// A run is a piece of which each character follows from those before it: it repeats what
// stands so many characters back, or goes on in an order as it did. What it costs, in bits:
// runBase, what its rule and distance cost, and for each character a step if it is as
// foretold, or an odd one if it is that in the other case, or in a repetition the next or
// the one before. The end of a run costs as much as an odd step.
//
// The shares of the steps are 3/4 and four times 1/16, which is 1: see the package's text.
const (
	runBase = 3
	oddStep = 4
	minRun  = 3
)

var step = -math.Log2(3. / 4)

// orders are those in which people count: as numbers and letters go, along the rows of keys
// of three keyboards, and along their columns.
var orders = []string{
	"0123456789abcdefghijklmnopqrstuvwxyz",
	"1234567890qwertyuiopasdfghjklzxcvbnm",
	"1234567890qwertzuiopasdfghjklyxcvbnm",
	"1234567890azertyuiopqsdfghjklmwxcvbn",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
	"qazwsxedcrfvtgbyhnujmikolp1234567890",
}

// order has the places of characters in one of them, -1 for those that are not in it.
type order struct {
	places [256]int8
	size   int
}

// rule says what a run goes by: an order, none for a repetition, and how far each step goes
// in it, as far as the one before where that is not given.
type rule struct {
	order *order
	by    int
	given bool
}

// rules are all that there are. A repetition costs 1 bit, the others share what is left.
var rules = func() []rule {
	all := []rule{{}}
	for _, chars := range orders {
		o := newOrder(chars)
		all = append(all, rule{o, 1, true}, rule{o, -1, true}, rule{order: o})
	}
	return all
}()

// numbers is the order in which numbers and letters go.
var numbers = newOrder(orders[0])

func newOrder(chars string) *order {
	o := &order{size: len(chars)}
	for c := range o.places {
		o.places[c] = int8(strings.IndexByte(chars, byte(c)))
	}
	return o
}

func (r rule) price() float64 {
	if r.order == nil {
		return 1
	}
	return 1 + math.Log2(float64(len(rules)-1))
}

// back returns what it costs to say how far back a run looks.
func back(distance int) float64 { return 1 + 2*math.Log2(float64(distance)) }

// runs reaches the ends of the runs that begin at i. One that began before goes on here, and
// need not begin again.
func (s text) runs(i int, reach func(end int, price float64)) {
	for _, r := range rules {
		price := runBase + r.price() + oddStep
		for distance := 1; distance <= i; distance++ {
			if i > distance {
				if _, ok := s.follows(i-1, r, distance); ok {
					continue
				}
			}
			s.run(i, r, distance, price, reach)
		}
	}
}

// run reaches the ends of one run.
func (s text) run(i int, r rule, distance int, price float64, reach func(end int, price float64)) {
	for end := i; end < len(s.is); end++ {
		cost, ok := s.follows(end, r, distance)
		if !ok {
			return
		}
		price += cost
		if end-i+1 >= minRun {
			reach(end+1, price+back(distance))
		}
	}
}

// follows returns what the character at i costs within a run.
func (s text) follows(i int, r rule, distance int) (price float64, ok bool) {
	if r.order != nil {
		if !s.goesOn(i, r, distance) {
			return 0, false
		}
		return s.steps(i, i-1), true
	}
	next, before := s.lower[i], s.lower[i-distance]
	if next == before {
		return s.steps(i, i-distance), true
	}
	is, was := numbers.places[next], numbers.places[before]
	if is < 0 || was < 0 || is-was != 1 && was-is != 1 || isUpper(s.is[i]) != isUpper(s.is[i-distance]) {
		return 0, false
	}
	return oddStep, true
}

// goesOn reports whether the character at i is where its order leads to.
func (s text) goesOn(i int, r rule, distance int) bool {
	is, was := int(r.order.places[s.lower[i]]), int(r.order.places[s.lower[i-distance]])
	if is < 0 || was < 0 {
		return false
	}
	by := r.by
	if !r.given {
		if i < 2*distance {
			return false
		}
		first := int(r.order.places[s.lower[i-2*distance]])
		if first < 0 {
			return false
		}
		by = was - first
	}
	return (is-was-by)%r.order.size == 0
}

// steps returns what the character at i costs that is as foretold: it has the case of
// another one, or not.
func (s text) steps(i, like int) float64 {
	if isUpper(s.is[i]) == isUpper(s.is[like]) {
		return step
	}
	return oddStep
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
