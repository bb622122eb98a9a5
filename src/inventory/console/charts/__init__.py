"""The geometry of charts; the templates of ``overview`` draw them as SVG, with the numbers as text."""
