"""From usage records to what people look at: cubes, conversations and the three daily series.

Cubes lie in the rollups and outlive the records; the series lie in the warehouse. What does not belong
here: money (`costs/`) and judgement on numbers (`insights/`).
"""
