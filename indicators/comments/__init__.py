"""ROOM: what people say beside an indicator, a figure or a finding."""
