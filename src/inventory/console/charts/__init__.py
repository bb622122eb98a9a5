"""The geometry of charts; ``templates/charts.html`` draws them as SVG, with the numbers as text."""
