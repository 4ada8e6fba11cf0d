package api_test

import "beian/api"

// withBoards gives the console everything that stands beside the jobs.
func withBoards(p *api.OpsParts) {
	withCalendar(p)
	stats, ok := p.Desk.(api.StatsDesk)
	if !ok {
		panic("the desk does not measure")
	}
	p.Stats = stats
}
