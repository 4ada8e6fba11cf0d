package api

import "slices"

// boardTabs are the console's tabs beside the jobs: what hangs on parts that may
// not be there.
func (o *Ops) boardTabs(v *opsVisit) []opsTabKey {
	var tabs []opsTabKey
	if o.parts.Calendar.Desk != nil {
		tabs = append(tabs, opsTabKey{"ops.tab.calendar", opsCalendar})
	}
	if o.parts.Stats != nil {
		tabs = append(tabs, opsTabKey{"ops.tab.sla", opsSLAPath})
	}
	if o.parts.Inspector != nil && o.parts.Dashboard != nil {
		tabs = append(tabs, opsTabKey{"ops.tab.queue", opsQueuePath})
	}
	if o.parts.Staff.Desk != nil && slices.Contains(staffReaders(), v.member.Role) {
		tabs = append(tabs, opsTabKey{"ops.tab.staff", opsStaffPath})
	}
	return tabs
}

// boardRoutes are the pages of those parts.
func (o *Ops) boardRoutes() []opsRoute {
	return slices.Concat(o.calendarRoutes(), o.slaRoutes(), o.queueRoutes(), o.staffRoutes())
}
