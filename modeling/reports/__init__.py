"""What people read: the use case, industry and market entry reports.

Belongs here: turning published evaluation records into HTML, Markdown, JSON and small pictures. Does not belong here:
measuring anything (`modeling.evaluation`), or deciding where a report is stored (`resources`). Everything printed
comes from the records; a number they lack prints as *not measured*.
"""
