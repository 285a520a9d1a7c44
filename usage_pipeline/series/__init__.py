"""From usage records to what people look at: cubes, quarter hours, conversations and the three series.

Cubes lie in the rollups and outlive the records; the series lie in the warehouse. What does not belong
here: money (`costs/`) and opinions on numbers (`insights/`).
"""
